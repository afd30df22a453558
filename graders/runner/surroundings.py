"""The environment variables that a kernel starts with, and no others."""

from __future__ import annotations

import os
import shutil
import site
from pathlib import Path

from graders.runner.workplace import Workplace

# Handed on as they are: the machine's, not the user's.
KEPT = (
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "KERAS_BACKEND",
    "LD_LIBRARY_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "SYSTEMROOT",
    "TZ",
)
MARK = "CORRIGE_RUN"  # by which processes of a run are known
ENVIRONMENT_NOTE = "environment.json"  # in an environment made from a list of packages
FONTS = "fonts"  # of matplotlib there


def threads() -> int:
    """How many threads a numerical library may use. The same at each run on this machine, since
    sums come out differently with another number.
    """
    return 2 if (os.cpu_count() or 1) >= 4 else 1


def environment(place: Workplace, executable: str) -> dict[str, str]:
    """The variables for a kernel of this interpreter."""
    home = str(place.home)
    count = str(threads())
    env = {
        "PATH": os.pathsep.join([str(Path(executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": home,
        "TMPDIR": str(place.base / "tmp"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "IPYTHONDIR": os.path.join(home, ".ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": _matplotlib_folder(place, environment_of(Path(executable)) / FONTS),
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "NUMEXPR_NUM_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_HOME": os.path.join(home, ".keras"),
        "TOKENIZERS_PARALLELISM": "false",
        "WANDB_MODE": "disabled",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        MARK: place.base.name,
    }
    if site.ENABLE_USER_SITE:
        env["PYTHONUSERBASE"] = site.getuserbase()
    env.update({name: os.environ[name] for name in KEPT if name in os.environ})
    return env


def environment_of(executable: Path) -> Path:
    """The folder of a virtual environment, from its interpreter."""
    return executable.parent.parent


def _matplotlib_folder(place: Workplace, fonts_of_environment: Path) -> str:
    """Its own folder, with the lists of fonts that there are: making one takes a second."""
    folder = place.home / ".config" / "matplotlib"
    folder.mkdir(parents=True)
    known = os.environ.get("MPLCONFIGDIR")
    caches = [Path(known)] if known else [Path.home() / ".cache" / "matplotlib"]
    for cache in (*caches, fonts_of_environment):
        for fonts in cache.glob("fontlist-*.json"):
            shutil.copyfile(fonts, folder / fonts.name)
    return str(folder)

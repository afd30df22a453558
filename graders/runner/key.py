"""Under which key is a run's evidence kept? Whatever changes what is seen changes the key."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graders.intake import Submission
from graders.rubric.model import DataFile, Run
from graders.runner.surroundings import ENVIRONMENT_NOTE, environment_of, threads
from graders.runner.workplace import PROBE

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "matplotlib",
    "torchmetrics",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "ipykernel",
    "ipython",
    "nbclient",
)


def evidence_key(
    submission: Submission, settings: Run, data: Mapping[DataFile, Path], sandbox_name: str
) -> str:
    """Hex digest over notebooks, other files, data, environment, probe, runner and settings.

    Raises OSError when a file cannot be read.
    """
    mark = hashlib.sha256()

    def add(*parts: str) -> None:
        for part in parts:
            mark.update(f"{len(part)}:{part};".encode())

    limits = settings.model_dump_json(exclude={"interpreter"})
    add("corrige evidence 1", sandbox_name, limits)
    for path in submission.notebooks:
        add("notebook", path.as_posix(), _content(submission.root / path))
    for path in sorted(submission.files):
        add("file", path.as_posix(), _content(submission.root / path))
    for used, meant in sorted(submission.data_names.items()):
        add("name", used, meant)
    for file, path in sorted(data.items(), key=lambda item: item[0].name):
        add("data", file.name, file.kind, *file.files, _content(path))
    add(*_environment())
    if settings.kernel is not None:
        add("kernel", *_kernelspec(settings.kernel))
    if settings.interpreter is not None:
        add("environment", _packages(Path(settings.interpreter)))
    for folder in (PROBE, Path(__file__).parent):
        add(_sources(folder))
    return mark.hexdigest()


def _content(path: Path) -> str:
    if path.is_dir():
        names = sorted(p for p in path.rglob("*") if p.is_file())
        return _digest(f"{p.relative_to(path).as_posix()} {_content(p)}" for p in names)
    status = path.stat()
    return _file_digest(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=10_000)
def _file_digest(path: str, _size: int, _mtime: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@cache
def _sources(folder: Path) -> str:
    files = sorted(folder.rglob("*.py"))
    return _digest(f"{p.relative_to(folder).as_posix()} {_content(p)}" for p in files)


@cache
def _environment() -> tuple[str, ...]:
    found = [platform.python_version(), sys.platform, platform.machine(), str(threads())]
    for package in PACKAGES:
        try:
            found.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            continue
    found.append(os.environ.get("KERAS_BACKEND", ""))
    # Whether a GPU answers, without loading torch.
    found.append(str(any(Path("/dev").glob("nvidia[0-9]*"))))
    return tuple(found)


def _packages(interpreter: Path) -> str:
    """What is in the environment of this interpreter, as noted when it was made."""
    try:
        return _content(environment_of(interpreter) / ENVIRONMENT_NOTE)
    except OSError:
        return str(interpreter)


def _kernelspec(name: str) -> tuple[str, ...]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return (name,)
    return (name, *spec.argv)

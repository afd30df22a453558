"""The first thing that runs in the kernel, before any cell."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
from typing import Any

from . import notices, shims

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
)


def start(config: dict[str, Any]) -> Any:
    """Make the notebook's surroundings harmless and start observing.

    `config`: `out_dir` (facts go there), `workdir` (the student's folder), `data_dir`, `data`
    (list of {"name", "path", "spellings", "kind", "data"}), `forms_dir` (for other forms of image
    sets), `output_limit` (characters for a cell), `seed`, `shell_timeout` (seconds), `key_file`
    (holds the key that facts are sealed with; read once and taken away, as this request's own text
    stays in the kernel).

    Gives back who puts questions to what the notebook made, None when nothing is observed.
    """
    from IPython import get_ipython

    out_dir = str(config["out_dir"])
    notices.write_to(out_dir)
    _write_environment(out_dir)
    shell = get_ipython()
    if shell is not None:
        shell.events.register("pre_run_cell", _tell_cell)
    shims.install(shell, config)
    if importlib.util.find_spec(f"{__package__}.observe") is not None:
        from . import observe

        return observe.install(out_dir, config, _take(config.get("key_file")))
    return None


def _take(key_file: str | None) -> bytes:
    if not key_file:
        return b""
    with open(key_file, "rb") as stream:
        key = stream.read()
    os.unlink(key_file)
    return key


def _tell_cell(info: Any) -> None:
    # The runner sends the position as the cell's id; cells run from inside a cell have none.
    position = getattr(info, "cell_id", None)
    if isinstance(position, str) and position.isdigit():
        notices.notebook_cell = int(position)


def _write_environment(out_dir: str) -> None:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "platform": sys.platform}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    path = os.path.join(out_dir, "environment.json")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(found, stream)

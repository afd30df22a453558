"""Where are the data files that the teacher provides?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from graders.batch import gathered, places
from graders.batch.locking import alone
from graders.batch.problems import UsageProblem
from graders.language import _
from graders.rubric.model import DataFile, Rubric


def candidates(assignment: str, given: Path | None) -> list[Path]:
    """The folders to look in: only the one given, else `data/<assignment>` and CORRIGE_DATA."""
    if given is not None:
        return [given]
    folders = [Path("data") / assignment]
    if os.environ.get("CORRIGE_DATA"):
        folders.append(Path(os.environ["CORRIGE_DATA"]))
    return folders


def locate(
    rubric: Rubric, given: Path | None = None, apart: Collection[Path] = ()
) -> dict[DataFile, Path]:
    """Each data file of the rubric, by any accepted spelling, in the first folder that has all.

    An image set that lies in several files is gathered in one (`gathered`).
    The folders `apart` are the submissions: what lies there is a student's, and data files are
    read with pickle. Raises UsageProblem, with the remedy, when some are missing.
    """
    if not rubric.data:
        return {}
    folders = candidates(rubric.assignment, given)
    if given is not None and not given.is_dir():
        raise UsageProblem(_("There is no data folder {path}.").format(path=given))
    missing: list[DataFile] = list(rubric.data)
    for folder in folders:
        found = _look(rubric.data, folder, apart)
        if len(found) == len(rubric.data):
            return {f: _whole(f, path) for f, path in found.items()}
        missing = [file for file in rubric.data if file not in found]
    raise UsageProblem(
        _(
            "No data for {assignment}: {files} not found under {folders}. Say where it is with "
            "--data DIR, or make stand-in data with: corrige data {assignment}"
        ).format(
            assignment=rubric.assignment,
            files=", ".join(file.files[0] for file in missing),
            folders=", ".join(map(str, folders)),
        )
    )


def _whole(file: DataFile, path: Path) -> Path:
    return gathered.in_one_file(path, file.name) if file.kind == "images" else path


def _look(
    files: Sequence[DataFile], folder: Path, apart: Collection[Path] = ()
) -> dict[DataFile, Path]:
    wanted = {spelling for file in files for spelling in file.files}
    # An image set may be the folder of its archive.
    folders = {spelling for file in files if file.kind == "images" for spelling in file.files}
    seen: dict[str, Path] = {}
    forbidden = {path.resolve() for path in apart}
    if forbidden & {folder.resolve(), *folder.resolve().parents}:
        return {}
    for parent, below, names in os.walk(folder):
        below[:] = sorted(
            name
            for name in below
            if not name.startswith(".") and Path(parent, name).resolve() not in forbidden
        )
        here = wanted.intersection(names), folders.intersection(below)
        for name in sorted(set().union(*here)):
            seen.setdefault(name, Path(parent, name).resolve())
        below[:] = [name for name in below if name not in folders]
    found = {}
    for file in files:
        for spelling in file.files:
            if spelling in seen:
                found[file] = seen[spelling]
                break
    return found


def make(assignment: str, out: Path, cern: Path | None = None, rows: int | None = None) -> str:
    """Run the assignment's `make_data.py` in a process of its own; what it printed.

    Raises UsageProblem when the assignment has none or it fails.
    """
    folder = places.reference(assignment)
    script = folder / "make_data.py" if folder else None
    if script is None or not script.is_file():
        raise UsageProblem(
            _(
                "{assignment} has no make_data.py, so its data cannot be made: "
                "say where it is with --data DIR."
            ).format(assignment=assignment)
        )
    command = [sys.executable, str(script.resolve()), str(out)]
    if cern is not None:
        command += ["--cern", str(cern)]
    if rows is not None:
        command += ["--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise UsageProblem(
            _("The data of {assignment} could not be made: {reason}").format(
                assignment=assignment, reason=last
            )
        )
    return done.stdout.strip()


def stand_in(rubric: Rubric) -> Path:
    """The folder of generated data, made the first time. Raises UsageProblem."""
    folder = places.quick_data(rubric.assignment)
    with alone(folder.with_suffix(".lock")):
        if len(_look(rubric.data, folder)) < len(rubric.data):
            make(rubric.assignment, folder)
    return folder

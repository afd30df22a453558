"""Correct solutions and their planted defects: what is each submission expected to lose?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from graders.batch.problems import UsageProblem
from graders.language import _
from graders.rubric.model import Rubric


class Edit(BaseModel):
    """In the one cell that holds `cell`, the one `find` becomes `replace`.

    `notebook` says in which of a wheat's notebooks, as a pattern of its file's name: "*7_1*".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    notebook: str = "*"
    cell: str
    find: str
    replace: str


class Chaff(BaseModel):
    """A wheat with one planted defect: it breaks criteria, or is only flagged.

    Or, with `folder`, a delivery of its own that lies in the folder `chaffs`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    why: str
    wheat: str = ""
    edits: tuple[Edit, ...] = ()
    folder: str = ""
    breaks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # for one that costs nothing and must be pointed out

    @model_validator(mode="before")
    @classmethod
    def _one_edit_in_short(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.keys() & {"edits", "folder"}:
            edit = {key: given[key] for key in Edit.model_fields if key in given}
            return {k: v for k, v in given.items() if k not in edit} | {"edits": [edit]}
        return given

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if bool(self.folder) == bool(self.wheat and self.edits):
            raise ValueError("a chaff is either a wheat with edits or a folder")
        return self


@dataclass(frozen=True)
class Proof:
    """A submission whose verdicts are known beforehand."""

    name: str
    folder: Path  # holds its notebooks, ready to run
    breaks: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()  # these may be lost or untold as a consequence
    flags: frozenset[str] = frozenset()  # these must be raised
    why: str = ""
    whole: bool = False  # a faulty delivery of its own, not a wheat with a defect

    @property
    def is_wheat(self) -> bool:
        return not self.breaks and not self.flags


def read_chaffs(path: Path, rubric: Rubric, wheats: Sequence[str]) -> list[Chaff]:
    """The chaffs of a file. Raises UsageProblem with everything wrong in it."""
    try:
        entries = YAML(typ="safe").load(path.read_text("utf-8")) or []
    except (OSError, YAMLError) as error:
        raise UsageProblem(f"{path}: {error}") from None
    if not isinstance(entries, list):
        raise UsageProblem(_("{path}: a list of chaffs is expected.").format(path=path))
    known = {c.id for e in rubric.exercises for c in e.criteria if not c.manual}
    chaffs, problems = [], []
    names: set[str] = set(wheats)
    for number, entry in enumerate(entries, 1):
        name = entry.get("name", number) if isinstance(entry, dict) else number
        try:
            chaff = Chaff.model_validate(entry)
        except ValidationError as error:
            for found in error.errors():
                where = ".".join(map(str, found["loc"]))
                problems.append(f"{name}: {where}: {found['msg']}")
            continue
        strange = sorted({*chaff.breaks, *chaff.also} - known)
        if strange:
            problems.append(f"{name}: " + _("unknown criteria: ") + ", ".join(strange))
        if not chaff.breaks and not chaff.flags:
            problems.append(f"{name}: " + _("it breaks nothing"))
        if chaff.wheat and chaff.wheat not in wheats:
            problems.append(f"{name}: " + _("there is no wheat {w}").format(w=chaff.wheat))
        if chaff.folder and not (path.parent / "chaffs" / chaff.folder).is_dir():
            problems.append(f"{name}: " + _("there is no folder {w}").format(w=chaff.folder))
        if chaff.name in names:
            problems.append(f"{name}: " + _("this name is used twice"))
        names.add(chaff.name)
        chaffs.append(chaff)
    if problems:
        raise UsageProblem("\n".join(f"{path}: {problem}" for problem in problems))
    return chaffs


def proofs(reference: Path, rubric: Rubric, work: Path) -> list[Proof]:
    """Every wheat and chaff of a reference folder, its notebooks written under `work`.

    Raises UsageProblem when there are no wheats or a patch does not apply exactly once.
    """
    sources = {
        path.stem if path.suffix == ".ipynb" else path.name: path
        for path in sorted((reference / "wheats").glob("*"))
        if path.suffix == ".ipynb" or path.is_dir()
    }
    if not sources:
        raise UsageProblem(_("There are no wheats in {path}.").format(path=reference / "wheats"))
    found = []
    for name, source in sources.items():
        found.append(Proof(name, copied(source, work / name)))
    problems = []
    for listing in (reference / "chaffs.yaml", reference / "flagged.yaml"):
        if not listing.is_file():
            continue
        for chaff in read_chaffs(listing, rubric, list(sources)):
            own = chaff.folder and reference / "chaffs" / chaff.folder
            folder = copied(own or sources[chaff.wheat], work / chaff.name)
            problems += [f"{listing}: {chaff.name}: {p}" for p in patched(chaff.edits, folder)]
            broken, also, flags = map(frozenset, (chaff.breaks, chaff.also, chaff.flags))
            found.append(Proof(chaff.name, folder, broken, also, flags, chaff.why, bool(own)))
    if problems:
        raise UsageProblem("\n".join(problems))
    return found


def copied(source: Path, target: Path) -> Path:
    """A notebook, or a folder of them, as a folder of its own."""
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir(parents=True)
        shutil.copy(source, target / source.name)
    return target


def patched(edits: Sequence[Edit], folder: Path) -> list[str]:
    """Patch the notebooks in place; what does not apply exactly once.

    Those without an edit stay as they are to the last byte, so that the wheat's runs of them count.
    """
    notebooks = {
        path: json.loads(path.read_text("utf-8"))
        for path in sorted(folder.rglob("*.ipynb"))
        if any(fnmatchcase(path.name, edit.notebook) for edit in edits)
    }
    touched, problems = set(), []
    for edit in edits:
        found = [
            (path, cell)
            for path, notebook in notebooks.items()
            if fnmatchcase(path.name, edit.notebook)
            for cell in notebook["cells"]
            if edit.cell in "".join(cell["source"])
        ]
        if len(found) != 1:
            problems.append(
                _("{n} cells hold {text!r}; exactly one must").format(n=len(found), text=edit.cell)
            )
            continue
        path, cell = found[0]
        source = "".join(cell["source"])
        if source.count(edit.find) != 1:
            problems.append(
                _("{text!r} is {n} times in its cell; it must be there once").format(
                    text=edit.find, n=source.count(edit.find)
                )
            )
            continue
        cell["source"] = source.replace(edit.find, edit.replace)
        touched.add(path)
    for path in touched:
        path.write_text(json.dumps(notebooks[path], ensure_ascii=False, indent=1), "utf-8")
    return problems

"""From what was handed in to submissions: folders, lone notebooks, archives, checkouts."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from graders.intake.archive import ArchiveProblem, is_archive, stem, unpack
from graders.intake.companions import companions, companions_of_one
from graders.intake.corrige_yaml import StudentFile, read_student_file
from graders.intake.git_checkout import last_commit
from graders.intake.ignored import NOTEBOOK, ignored_folder, notebooks_in, walk
from graders.intake.layout import look
from graders.intake.naming import unique_ids
from graders.intake.notebook_file import NotebookProblem, ReadNotebook, read_notebook
from graders.intake.ordering import in_order, natural_key
from graders.intake.people import authors, moodle_name, two_students
from graders.intake.submission import Submission
from graders.intake.words import is_part
from graders.language import _
from graders.rubric.model import Rubric

MAX_DEPTH = 2  # of archives in archives


@dataclass(frozen=True)
class _Found:
    """One delivery before it is read. `file` is set for a lone notebook."""

    name: str
    root: Path
    file: Path | None = None
    received: datetime | None = None
    problems: tuple[str, ...] = ()


def collect(paths: Sequence[Path], rubric: Rubric) -> list[Submission]:
    """The submissions at these paths: a notebook, a submission's folder or archive, a class's.

    `graders.intake.layout` says how a class is told from a submission. Nothing is run. What is
    wrong with a delivery is said in its `problems`; without notebooks it cannot be run.
    Archives are unpacked into a temporary folder that lasts as long as this process.
    Raises FileNotFoundError for a path that does not exist.
    """
    found: list[_Found] = []
    for path in paths:
        absolute = path.absolute()
        if not absolute.exists():
            raise FileNotFoundError(_("There is nothing at {path}.").format(path=path))
        found += _deliveries(absolute.resolve() if absolute.name in ("", "..") else absolute)
    ids = unique_ids(delivery.name for delivery in found)
    data_names = [name.casefold() for file in rubric.data for name in file.files]
    return [
        _read(delivery, name, rubric, data_names) for delivery, name in zip(found, ids, strict=True)
    ]


def _deliveries(path: Path) -> Iterator[_Found]:
    if path.is_file():
        if is_archive(path):
            yield from _unpacked(path, stem(path), depth=1)
        else:
            yield _Found(path.stem, path.parent, file=path)
        return
    children = look(path).children
    if not children:
        yield from _one_folder(path, path.name)
    for child in sorted(children, key=lambda path: natural_key(path.name)):
        if child.is_dir():
            yield from _one_folder(child, child.name)
        elif is_archive(child):
            yield from _unpacked(child, stem(child), depth=1)
        else:
            yield _Found(child.stem, child.parent, file=child)


def _one_folder(path: Path, name: str) -> Iterator[_Found]:
    """A folder known to be one submission; its archive is opened when it has no notebook."""
    if not notebooks_in(path):
        packed = [path / file for file in walk(path) if is_archive(file)]
        if len(packed) == 1:
            yield from _unpacked(packed[0], name, depth=1, alone=True)
            return
    yield _Found(name, path, received=last_commit(path))


def _unpacked(path: Path, name: str, *, depth: int, alone: bool = False) -> Iterator[_Found]:
    """What an archive holds: one submission (always when `alone`) or a class."""
    target = Path(tempfile.mkdtemp(prefix="corrige-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    try:
        received = unpack(path, target)
    except ArchiveProblem as problem:
        yield _Found(name, target, problems=(str(problem),))
        return
    root = _without_wrapping(target)
    children = () if alone else look(root).children
    if children and not (len(children) == 1 and children[0].is_dir()):
        for child in children:
            if child.is_dir():
                yield _Found(child.name, child)
            elif is_archive(child) and depth < MAX_DEPTH:
                yield from _unpacked(child, stem(child), depth=depth + 1, alone=True)
            elif not is_archive(child):
                yield _Found(child.stem, child.parent, file=child)
        return
    yield _Found(name, root, received=received)


def _without_wrapping(root: Path) -> Path:
    """Down through folders that hold nothing but one folder (not an exercise's)."""
    while True:
        entries = [e for e in root.iterdir() if not (e.is_dir() and ignored_folder(e))]
        if len(entries) != 1 or not entries[0].is_dir() or is_part(entries[0].name):
            return root
        root = entries[0]


def _read(
    delivery: _Found, submission_id: str, rubric: Rubric, data_names: Sequence[str]
) -> Submission:
    problems = list(delivery.problems)
    student_file, problem = read_student_file(delivery.root)
    if delivery.file is not None:
        paths = [Path(delivery.file.name)]
        # Other people's notebooks may lie beside it, and so may their file.
        if len(list(delivery.root.glob(f"*{NOTEBOOK}"))) > 1:
            student_file, problem = StudentFile(), ""
    else:
        paths = in_order(notebooks_in(delivery.root), rubric.run.order, student_file.order)
    if problem:
        problems.append(problem)
    readable = _readable(delivery.root, paths, problems)
    if not paths and not problems:
        problems.append(_("No notebook (.ipynb) was found in {name}.").format(name=delivery.name))
    if delivery.file is None and not student_file.students:
        pair = two_students({path: book.cells for path, book in readable.items()})
        if pair is not None:
            problems.append(
                _(
                    "{one} and {other} look like the work of two different students: put each in "
                    "a folder of its own, or say in corrige.yaml who hands them in together."
                ).format(one=pair[0], other=pair[1])
            )
            readable = {}
    if delivery.file is not None:
        source = "\n".join(str(c["source"]) for book in readable.values() for c in book.cells)
        files = companions_of_one(delivery.root, paths[0], source, data_names)
    else:
        files = companions(delivery.root, data_names)
    return Submission(
        id=submission_id,
        root=delivery.root,
        notebooks=tuple(readable),
        files=files,
        students=_students(delivery, student_file, readable),
        received=delivery.received,
        order=student_file.order,
        data_names=student_file.data,
        problems=tuple(problems),
    )


def _readable(root: Path, paths: Sequence[Path], problems: list[str]) -> dict[Path, ReadNotebook]:
    found: dict[Path, ReadNotebook] = {}
    for path in paths:
        try:
            book = read_notebook(root / path, path.as_posix())
        except NotebookProblem as problem:
            problems.append(str(problem))
            continue
        if book.note:
            problems.append(book.note)
        if not any(c["cell_type"] == "code" and c["source"].strip() for c in book.cells):
            problems.append(_("{name} has no code in it.").format(name=path.as_posix()))
            if len(paths) == 1:
                continue
        found[path] = book
    return found


def _students(
    delivery: _Found, student_file: StudentFile, readable: dict[Path, ReadNotebook]
) -> tuple[str, ...]:
    if student_file.students:
        return student_file.students
    if moodle := moodle_name(delivery.name):
        return (moodle,)
    named = [name for book in readable.values() for name in authors(book.cells)]
    return tuple(dict.fromkeys(named))

"""From what was handed in to submissions: folders, lone notebooks, archives, checkouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from graders.intake.companions import companions, companions_of_one
from graders.intake.corrige_yaml import StudentFile, read_student_file
from graders.intake.deliveries import Delivery, deliveries
from graders.intake.ignored import notebooks_in
from graders.intake.naming import unique_ids
from graders.intake.neighbours import of_assignment
from graders.intake.notebook_file import NotebookProblem, ReadNotebook, read_notebook
from graders.intake.ordering import in_order
from graders.intake.people import (
    authors,
    platform_account,
    platform_name,
    platform_says_late,
    two_students,
)
from graders.intake.received_list import read_list
from graders.intake.recognise import places_of, recognise
from graders.intake.submission import HandedOut, Submission
from graders.intake.told import (
    Told,
    named,
    of_files,
    on_clock,
    plausible,
    without_packers_time,
)
from graders.language import _
from graders.rubric.model import Rubric

MAX_NOTEBOOKS = 50
MAX_BYTES = 400 * 2**20  # of the notebooks of one submission, all together


def collect(paths: Sequence[Path], rubric: Rubric, *, own: bool = False) -> list[Submission]:
    """The submissions at these paths: a notebook, a submission's folder or archive, a class's.

    `graders.intake.layout` says how a class is told from a submission. Nothing is run. What is
    wrong with a delivery is said in its `problems`; without notebooks it cannot be run.
    Of a git repository the content of the rubric's tag is taken, unless it is one's `own` work,
    which is looked at as it lies there. Archives and tags are unpacked into temporary folders that
    last as long as this process. `graders.intake.told` says how the moment of each is found; one's
    own work has none, as it is not handed in yet.
    Raises FileNotFoundError for a path that does not exist, RubricError for a list of moments
    (`received.csv`) that is wrong.
    """
    found: list[Delivery] = []
    zone = ZoneInfo(rubric.zone) if rubric.zone is not None else None
    for path in paths:
        absolute = path.absolute()
        if not absolute.exists():
            raise FileNotFoundError(_("There is nothing at {path}.").format(path=path))
        # A link that is named here is meant; those inside a delivery are not followed.
        named = absolute.name not in ("", "..") and not absolute.is_symlink()
        tag = None if own else rubric.tag
        place = absolute if named else absolute.resolve()
        here = list(deliveries(place, tag, clock(rubric), rubric.notebooks))
        found += here if own else _as_listed(here, place, zone)
    found = _with_shared_folders(found)
    ids = unique_ids(delivery.name for delivery in found)
    data_names = [name.casefold() for file in rubric.data for name in file.files]
    return without_packers_time(
        [
            _read(delivery, name, rubric, data_names, own)
            for delivery, name in zip(found, ids, strict=True)
        ]
    )


def clock(rubric: Rubric) -> tzinfo | None:
    """The course's: of its zone, else of the deadline; None when the rubric says neither."""
    if rubric.zone is not None:
        return ZoneInfo(rubric.zone)
    return datetime.fromisoformat(rubric.deadline).tzinfo if rubric.deadline is not None else None


def _as_listed(found: Sequence[Delivery], path: Path, zone: ZoneInfo | None) -> list[Delivery]:
    """With the moments of the teacher's list, which lies in the class's folder, not a student's."""
    places = [delivery.place for delivery in found if delivery.place is not None]
    listed = read_list(path if path.is_dir() and path not in places else path.parent, places, zone)
    return [
        replace(one, told=Told(listed[one.place], "list")) if one.place in listed else one
        for one in found
    ]


def _with_shared_folders(found: Sequence[Delivery]) -> list[Delivery]:
    """Two lone notebooks in a folder: what lies beside them may be anybody's."""
    alone = Counter(delivery.root for delivery in found if delivery.file is not None)
    return [
        replace(delivery, shared=delivery.shared or alone[delivery.root] > 1)
        if delivery.file is not None
        else delivery
        for delivery in found
    ]


def _received(delivery: Delivery, paths: Sequence[Path], rubric: Rubric) -> Told | None:
    """When it was handed in, by the best that says so, on the course's clock."""
    surest = delivery.told if delivery.told and delivery.told.source in ("list", "tag") else None
    by_name = named(delivery.place.name) if delivery.place is not None else None
    of_notebooks = of_files([delivery.root / path for path in paths], packed=delivery.packed)
    found = (surest, by_name, delivery.told, of_notebooks)
    told = next((one for one in found if one is not None and plausible(one.moment)), None)
    return told and told._replace(moment=on_clock(told.moment, clock(rubric)))


def _read(
    delivery: Delivery, submission_id: str, rubric: Rubric, data_names: Sequence[str], own: bool
) -> Submission:
    problems = list(delivery.problems)
    student_file, problem = read_student_file(delivery.root)
    if delivery.file is not None:
        paths = [Path(delivery.file.name)]
        # Other people's notebooks may lie beside it, and so may their file.
        if delivery.shared or len(list(delivery.root.glob("*.ipynb"))) > 1:
            student_file, problem = StudentFile(), ""
    else:
        paths = in_order(notebooks_in(delivery.root), rubric.run.order, student_file.order)
        if rubric.tag is not None and not student_file.order:
            paths, others = of_assignment(paths, rubric.assignment)
            if others:
                problems.append(
                    _("Left out, as they belong to another assignment: {names}.").format(
                        names=", ".join(path.as_posix() for path in others)
                    )
                )
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
    copies = _copies(rubric, readable, problems)
    files: tuple[Path, ...]
    if delivery.file is not None and delivery.shared:
        files = ()
    elif delivery.file is not None:
        source = "\n".join(str(c["source"]) for book in readable.values() for c in book.cells)
        files = companions_of_one(delivery.root, paths[0], source, data_names)
    else:
        files = companions(delivery.root, data_names)
    told = None if own else _received(delivery, paths, rubric)
    if not own and platform_says_late(delivery.name) and rubric.deadline is not None:
        problems.append(_("The learning platform calls it late, and does not say by how much."))
    return Submission(
        id=submission_id,
        root=delivery.root,
        given=delivery.given,
        notebooks=tuple(readable),
        files=files,
        students=_students(delivery, student_file, readable),
        received=told.moment if told else None,
        received_by=told.source if told else None,
        order=student_file.order,
        data_names=student_file.data,
        copies=copies,
        problems=tuple(problems),
    )


def _copies(
    rubric: Rubric, readable: dict[Path, ReadNotebook], problems: list[str]
) -> dict[str, HandedOut]:
    """The copies of handed-out notebooks; a second one of the same is said and left out."""
    if not rubric.notebooks:
        return {}
    cells_of = {path: book.cells for path, book in readable.items()}
    found = recognise(rubric.notebooks, cells_of)
    for name, path in found.repeated:
        problems.append(
            _("{path} is left out: {other} is another copy of the same notebook.").format(
                path=path.as_posix(), other=found.copies[name].path.as_posix()
            )
        )
        readable.pop(path)
    return {
        template.id: HandedOut(
            path=copy.path,
            unchanged=tuple(sorted(copy.unchanged)),
            places=places_of(template, cells_of[copy.path], copy.unchanged),
            repeated=tuple(path for name, path in found.repeated if name == template.id),
        )
        for template in rubric.notebooks
        if (copy := found.copies.get(template.id)) is not None
    }


def _readable(root: Path, paths: Sequence[Path], problems: list[str]) -> dict[Path, ReadNotebook]:
    found: dict[Path, ReadNotebook] = {}
    room = MAX_BYTES
    if len(paths) > MAX_NOTEBOOKS:
        problems.append(
            _("Of {n} notebooks only the first {kept} are read.").format(
                n=len(paths), kept=MAX_NOTEBOOKS
            )
        )
    for path in paths[:MAX_NOTEBOOKS]:
        try:
            room -= (root / path).lstat().st_size
            if room < 0:
                problems.append(_("{name} is left out: there is too much.").format(name=path))
                continue
            book = read_notebook(root / path, path.as_posix())
        except (NotebookProblem, OSError) as problem:
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
    delivery: Delivery, student_file: StudentFile, readable: dict[Path, ReadNotebook]
) -> tuple[str, ...]:
    if student_file.students:
        return student_file.students
    if name := platform_name(delivery.name):
        return (name,)
    named = [name for book in readable.values() for name in authors(book.cells)]
    if not named and (account := platform_account(delivery.name)):
        return (account,)
    return tuple(dict.fromkeys(named))

"""When did each delivery arrive, as the teacher says? `received.csv` in the class's folder.

Two columns, `submission` (the name of the folder, archive or notebook, with or without its ending)
and `received` (a moment as in a rubric). What the learning platform shows is copied here when the
files alone do not say it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from graders.intake.archive import stem
from graders.intake.ignored import plain_file
from graders.intake.words import plain
from graders.language import _
from graders.rubric import Problem, RubricError
from graders.rubric.moments import moment
from graders.rubric.problems import did_you_mean

NAME = "received.csv"
COLUMNS = ("submission", "received")
_MAX_BYTES = 2**20


def read_list(folder: Path, places: Sequence[Path], zone: ZoneInfo | None) -> dict[Path, datetime]:
    """By entry of the class, when it was received; empty without a list in the folder.

    Entries are the places of the deliveries asked for and whatever else lies in the folder, as a
    part of a class may be asked for.

    Raises RubricError with file and line for what is no such list, for a name that is none of the
    entries', or written twice, and for what is no moment.
    """
    path = folder / NAME
    if not plain_file(path):
        return {}
    entries = [*places, *sorted(folder.iterdir())]
    found: dict[Path, datetime] = {}
    problems: list[Problem] = []
    for line, name, text in _rows(path):
        entry = _entry(name, entries)
        if entry is None:
            message = _("There is no delivery '{name}' here.").format(name=name)
            hint = did_you_mean(name, [one.name for one in entries])
            problems.append(Problem(path, line, message + hint))
        elif entry in found:
            problems.append(Problem(path, line, _("'{name}' stands twice.").format(name=name)))
        else:
            try:
                found[entry] = moment(text, zone)
            except ValueError as error:
                problems.append(Problem(path, line, str(error)))
    if problems:
        raise RubricError(problems)
    return found


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name and moment of each row; raises RubricError for what is no such list."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError):
        raise RubricError([Problem(path, None, _("The file cannot be read as text."))]) from None
    head = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if ";" in head else ",")
    titles = [title.strip().casefold() for title in next(reader, [])]
    if not set(COLUMNS) <= set(titles):
        message = _("The first line must name the columns {columns}.")
        raise RubricError([Problem(path, 1, message.format(columns=", ".join(COLUMNS)))])
    places = [titles.index(column) for column in COLUMNS]
    for row in reader:
        if any(cell.strip() for cell in row):
            name, moment_text = (row[at].strip() if at < len(row) else "" for at in places)
            yield reader.line_num, name, moment_text


def _entry(name: str, entries: Sequence[Path]) -> Path | None:
    """The entry of that name; by its whole name first, then without the ending."""
    for said in (lambda path: path.name, stem):
        for entry in entries:
            if plain(said(entry)) == plain(name):
                return entry
    return None

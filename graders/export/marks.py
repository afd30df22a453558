"""Which marks go into the gradebook? One row for each submission, as CSV.

The file is UTF-8 with a byte order mark, because Excel takes a CSV without one for the machine's
old code page and spoils every accent. Fields are separated by commas and numbers have a decimal
point, whatever the language, so that programs read it anywhere; Excel in Spanish opens it through
Data > From text/CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from graders.export.writing import write_whole
from graders.scoring.late import taken
from graders.scoring.result import Lateness, Result

COLUMNS = ("submission", "students", "status", "mark", "mark_low", "mark_high", "max_mark")
LATE_COLUMNS = ("delivered", "delivered_by", "late_days", "late_points")

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
# also after a separator: a spreadsheet that splits at ; starts a new cell there
_FORMULA = re.compile(
    r"""(^|[;,|])([\s"'\u200b-\u200f\u2060\ufeff]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"""
)


def write_csv(results: Sequence[Result], path: Path) -> None:
    """Write the marks file in one step. Raises OSError when it cannot be written.

    Where there is a deadline, the fixed columns are followed by the moment of delivery, what says
    so, the days begun since the deadline and the points that lateness takes of the highest mark.
    Then comes one for each exercise (its mark, empty while it is a range) and one for each
    criterion (`met`, `violated`, `undecided`, `not_assessed`).
    """
    exercises = _in_order(e.id for result in results for e in result.exercises)
    criteria = _in_order(c.id for result in results for e in result.exercises for c in e.criteria)
    late = LATE_COLUMNS if any(result.late is not None for result in results) else ()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(name) for name in (*COLUMNS, *late, *exercises, *criteria)])
    for result in results:
        writer.writerow(_row(result, exercises, criteria, dated=bool(late)))
    write_whole(path, text.getvalue().encode("utf-8-sig", errors="replace"))


def harmless(text: str) -> str:
    """The text on one line, with a quote before whatever a spreadsheet would run as a formula.

    A plain number is left as it is, also a negative one.
    """
    text = _CONTROL.sub("", re.sub(r"\r\n|[\r\n\t]", " ", text))
    if _NUMBER.fullmatch(text):
        return text
    return _FORMULA.sub(r"\1\2'", text)


def _row(
    result: Result, exercises: Iterable[str], criteria: Iterable[str], *, dated: bool
) -> list[str]:
    marks = {
        e.id: _number(e.mark_low) if e.mark_low == e.mark_high else "" for e in result.exercises
    }
    verdicts = {c.id: c.verdict.value for e in result.exercises for c in e.criteria}
    return [
        harmless(result.submission),
        "; ".join(harmless(student) for student in result.students),
        result.status.value,
        "" if result.mark is None else _number(result.mark),
        _number(result.mark_low),
        _number(result.mark_high),
        _number(result.max_mark),
        *(_late(result.late) if dated else ()),
        *(marks.get(name, "") for name in exercises),
        *(verdicts.get(name, "") for name in criteria),
    ]


def _late(late: Lateness | None) -> tuple[str, ...]:
    if late is None:
        return ("",) * len(LATE_COLUMNS)
    return (late.delivered.isoformat(), late.source, str(late.days), _number(taken(late)))


def _number(value: Decimal) -> str:
    return f"{value:f}"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))

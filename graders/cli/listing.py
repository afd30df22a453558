"""Which assignments are there?"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from graders.batch import places
from graders.language import _, speaking
from graders.rubric import RubricError, available, load


def list_all(language: str) -> int:
    """A line for each rubric; one that cannot be read says why. 2 if some cannot."""
    status = 0
    with speaking(language):
        table = Table(box=None)
        for name in (_("Name"), _("Title"), _("Points"), _("Criteria"), _("Validated by"), ""):
            table.add_column(name)
        for path in available():
            try:
                rubric = load(path)
            except RubricError as error:
                status = 2
                table.add_row(path.stem, str(error.problems[0]), style="red")
                continue
            criteria = sum(len(exercise.criteria) for exercise in rubric.exercises)
            reference = places.reference(rubric.assignment)
            wheats = len(list((reference / "wheats").glob("*"))) if reference else 0
            table.add_row(
                rubric.assignment,
                rubric.title.in_language(language),
                str(rubric.max_mark),
                str(criteria),
                _("{n} wheats").format(n=wheats),
                str(path),
            )
        Console().print(table)
    return status

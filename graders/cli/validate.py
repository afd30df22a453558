"""Are the rubrics proven? For a teacher and for CI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from graders.batch import places
from graders.batch.problems import UsageProblem
from graders.batch.validate import validate
from graders.batch.validation_report import legend, matrix, write_junit, write_page
from graders.language import _, speaking
from graders.rubric import available


def validate_all(
    assignments: Sequence[str],
    workers: int,
    data: Path | None,
    out: Path,
    language: str,
    rerun: bool,
    repeat: int = 1,
    only: Sequence[str] = (),
    brief: bool = False,
) -> int:
    """Validate each and write its page. 1 when a verdict is not the expected one, or not steady.

    With `only`, the wheats and chaffs of these names alone, for who is writing them; `brief`, all
    wheats and one chaff for each criterion.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    console = Console()
    surprises = 0
    names = assignments or [path.stem for path in available() if places.has_wheats(path.stem)]
    if not names:
        raise UsageProblem(_("No assignment here has a reference folder."))
    for name in names:
        found = validate(
            name,
            data=data,
            workers=workers,
            language=language,
            rerun=rerun,
            repeat=repeat,
            only=only,
            brief=brief,
            console=console,
        )
        folder = out / found.rubric.assignment
        with speaking(language):
            write_page(found, folder / "validation.html")
            write_junit(found, folder / "validation.junit.xml")
            console.print(matrix(found))
            console.print(legend(found), style="dim", highlight=False)
            for surprise in found.surprises:
                where = f"{surprise.proof} · " if surprise.proof else ""
                console.print(
                    f"✗ {where}{surprise.criterion}: {surprise.sentence}",
                    style="red",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
            if not found.surprises and not only:
                console.print(
                    _("{name}: every wheat loses nothing, each chaff just what it breaks.").format(
                        name=name
                    ),
                    style="green",
                )
            console.print(str(folder / "validation.html"), highlight=False, soft_wrap=True)
        surprises += len(found.surprises)
    return int(surprises > 0)

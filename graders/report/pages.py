"""Who needs to read one submission's result? A report and its notebook, as two plain pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from graders.language import speaking
from graders.report.charts import curve
from graders.report.documents import shown_documents, write_documents
from graders.report.exhibits import Exhibits, NetworkDrawing
from graders.report.network import network
from graders.report.notebook import ShownCell, cells
from graders.report.rendering import render
from graders.report.wording import citations
from graders.report.writing import write_whole
from graders.scoring.notebooks import AS_HANDED_OUT, ENVIRONMENT
from graders.scoring.result import Result


@dataclass(frozen=True)
class _Drawn:
    drawing: NetworkDrawing
    columns: list[Markup]


def write_submission(
    result: Result, exhibits: Exhibits, executed_notebook: dict[str, Any] | None, out: Path
) -> None:
    """Write `report.html` and, when there is a notebook, `notebook.html` into the folder; the text
    of each document that was handed in goes into `documents/`.

    The pages are in the language of the result. A notebook page of an earlier run is taken away
    when this one has none. Raises OSError when the folder cannot be written.
    """
    with speaking(result.language):
        shown = cells(executed_notebook) if executed_notebook is not None else []
        report = report_page(result, exhibits, len(shown))
        notebook = notebook_page(result, shown) if executed_notebook is not None else ""
    write_documents(exhibits.documents, out)
    write_whole(out / "report.html", report)
    if notebook:
        write_whole(out / "notebook.html", notebook)
    else:
        (out / "notebook.html").unlink(missing_ok=True)


def report_page(result: Result, exhibits: Exhibits, notebook_cells: int) -> str:
    """The report in the language now spoken; cells below `notebook_cells` can be linked."""
    return render(
        "report.html.j2",
        result=result,
        exhibits=exhibits,
        drawn=[_Drawn(drawing, network(drawing)) for drawing in exhibits.drawings],
        curves=[(shown, curve(shown)) for shown in exhibits.curves],
        documents=shown_documents(exhibits.documents),
        notebook_cells=notebook_cells,
        books={
            e.id: [b for b in result.notebooks if b.exercises == (e.id,)] for e in result.exercises
        },
        further=[b for b in result.notebooks if len(b.exercises) != 1],
    )


def notebook_page(result: Result, shown: list[ShownCell]) -> str:
    """The executed notebook in the language now spoken, each cell with what cites it."""
    flags: dict[int, list[tuple[int, str]]] = {}
    for place, flag in enumerate(result.flags):
        for cell in flag.cells:
            flags.setdefault(cell, []).append((place, flag.id))
    return render(
        "notebook.html.j2",
        result=result,
        cells=shown,
        cited=citations(result),
        flagged=flags,
        excused={
            cell
            for flag in result.flags
            if flag.id in (ENVIRONMENT, AS_HANDED_OUT)
            for cell in flag.cells
        },
        files=[cell for cell in shown if cell.file],
    )

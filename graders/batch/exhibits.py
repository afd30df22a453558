"""What does the report show beside the verdicts? From the reading, as far as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from graders.analysis import Reading, structure
from graders.analysis.predicted import predictions_on
from graders.analysis.predictions import confusion
from graders.analysis.report_document import in_words
from graders.batch.drawing import draw
from graders.batch.grader_log import note_failure
from graders.evidence.documents import Document
from graders.evidence.run_record import RunRecord
from graders.language import _
from graders.report.exhibits import (
    ConfusionMatrix,
    Curve,
    Exhibits,
    NetworkDrawing,
    WrittenDocument,
)

T = TypeVar("T")
MAX_POINTS = 300


def exhibits(
    reading: Reading | None, record: RunRecord | None, log: Path | None = None
) -> Exhibits:
    """All that can be shown; what the analysis cannot offer is left out, never an error."""
    return Exhibits(
        drawings=_offered(reading, _drawings, log),
        curves=_offered(reading, _curves, log),
        confusion=_offered(reading, _confusion, log),
        notices=notices(record) if record else (),
        environment=record.environment if record else {},
    )


def written(documents: Iterable[Document]) -> tuple[WrittenDocument, ...]:
    """The documents that were handed in, as the report shows them."""
    return tuple(
        WrittenDocument(
            name=document.name,
            note=in_words(document).removeprefix(document.name).lstrip(", "),
            text=document.text,
        )
        for document in documents
    )


def notices(record: RunRecord) -> tuple[str, ...]:
    """What the grader answered or made harmless, one line for each distinct thing."""
    times: dict[tuple[str, str], list[int]] = {}
    for notice in record.notices:
        cells = times.setdefault((notice.kind, notice.detail), [])
        if notice.cell is not None:
            cells.append(notice.cell)
    lines = []
    for (kind, detail), cells in times.items():
        where = ", ".join(str(cell) for cell in sorted(set(cells)))
        lines.append(
            _("{kind}: {detail} (cells {cells})").format(kind=kind, detail=detail, cells=where)
            if where
            else f"{kind}: {detail}"
        )
    return tuple(lines)


def _offered(
    reading: Reading | None, offer: Callable[[Reading], Iterable[T]], log: Path | None
) -> tuple[T, ...]:
    if reading is None:
        return ()
    try:
        return tuple(offer(reading))
    except Exception:
        note_failure(log, f"exhibit {offer.__name__}")
        return ()


def _drawings(reading: Reading) -> Iterator[NetworkDrawing]:
    """The network that was judged, with its residual blocks."""
    pictures = reading.conv_net if reading.images else None
    network = pictures.network if pictures is not None else reading.built
    if network is None:
        return
    blocks = reading.connections_of(network).blocks
    captions = [structure.describe(network, b) for b in blocks]
    cells = structure.cells_of(reading, network)
    drawn = draw(network, blocks, captions, _("The network"), cells)
    if drawn is not None:
        yield drawn


def _curves(reading: Reading) -> Iterator[Curve]:
    """The loss of the base network's training and of the adaptation."""
    for run, title in (
        (reading.base, _("Training of the base network")),
        (reading.tuning, _("Training of the adapted network")),
    ):
        if run is None or not len(run.losses):
            continue
        yield Curve(
            title=title,
            series={_("loss"): _points(run.losses)},
            x_label=_("optimizer step"),
            y_label=_("loss"),
            cells=(reading.cell(run.run.cell),),
        )


def _points(losses: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """A curve of at most MAX_POINTS points, each the mean of a stretch of steps."""
    parts = np.array_split(losses, min(len(losses), MAX_POINTS))
    ends = np.cumsum([len(p) for p in parts])
    return tuple((float(x), float(np.mean(p))) for x, p in zip(ends, parts, strict=True))


def _confusion(reading: Reading) -> Iterator[ConfusionMatrix]:
    """The base network's last predictions for the test file, against trusted labels."""
    scores = predictions_on(reading, "test")
    if not scores:
        return
    last = max(scores, key=lambda s: s.moment)
    yield ConfusionMatrix(
        title=_("Test set, recomputed"),
        labels=reading.tables["test"].classes,
        counts=confusion(last.predicted, last.truth),
        cells=(reading.cell(last.cell),),
    )

"""What does the report show beside the verdicts? From the reading, as far as it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.batch.grader_log import note_failure
from graders.evidence.run_record import RunRecord
from graders.language import _
from graders.report.exhibits import Exhibits

if TYPE_CHECKING:
    from graders.analysis import Reading


def exhibits(
    reading: Reading | None, record: RunRecord | None, log: Path | None = None
) -> Exhibits:
    """All that can be shown; what the analysis cannot offer is left out, never an error."""
    return Exhibits(
        drawings=_offered(reading, "network_drawing", log),
        curves=_offered(reading, "loss_curves", log),
        confusion=_offered(reading, "confusion", log),
        notices=notices(record) if record else (),
        environment=record.environment if record else {},
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


def _offered(reading: Reading | None, name: str, log: Path | None) -> tuple[Any, ...]:
    offer: Callable[[], Any] | None = getattr(reading, name, None)
    if offer is None:
        return ()
    try:
        shown = offer()
    except Exception:
        note_failure(log, f"exhibit {name}")
        return ()
    if shown is None:
        return ()
    return tuple(shown) if isinstance(shown, (list, tuple)) else (shown,)

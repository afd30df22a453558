"""Which of these notebooks is a copy of which one that was handed out?

By what it holds, never by its file's name alone: ids of cells survive in nearly every copy, else
headings tell, else the functions that are defined.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.intake.fingerprints import Cell, cell_ids, code_digest, functions, headings
from graders.rubric.model import Template

ENOUGH = 0.5  # of the points below
_IDS, _HEADING, _FUNCTIONS = 1.0, 0.6, 0.5


@dataclass(frozen=True)
class Copy:
    """A delivered notebook that is a copy of a template."""

    path: Path
    likeness: float
    named: bool  # its heading says that it is this one
    unchanged: frozenset[str]  # ids of the template's cells whose code is as it was handed out


@dataclass(frozen=True)
class Recognised:
    """Copies by the template's id, further copies of the same, and notebooks that are none."""

    copies: Mapping[str, Copy]
    repeated: tuple[tuple[str, Path], ...]
    others: tuple[Path, ...]


def recognise(
    templates: Sequence[Template], notebooks: Mapping[Path, Sequence[Cell]]
) -> Recognised:
    """Each notebook goes to the template that it is most like, if it is like any.

    Of several copies of one template the one that is called so counts, then the one with most work
    in it, then the later name.
    """
    found: dict[str, list[Copy]] = {}
    others = []
    for path, cells in notebooks.items():
        likeness = {template.id: _likeness(template, cells) for template in templates}
        best = max(templates, key=lambda template: likeness[template.id], default=None)
        if best is None or likeness[best.id] < ENOUGH:
            others.append(path)
            continue
        copy = Copy(path, likeness[best.id], _named(best, cells), unchanged_cells(best, cells))
        found.setdefault(best.id, []).append(copy)
    copies, repeated = {}, []
    for template in templates:
        same = found.get(template.id, [])
        if same:
            todo = frozenset(template.todo)
            chosen = max(same, key=lambda c: (c.named, -len(c.unchanged & todo), str(c.path)))
            copies[template.id] = chosen
            repeated += [(template.id, copy.path) for copy in same if copy is not chosen]
    return Recognised(copies, tuple(repeated), tuple(others))


def _likeness(template: Template, cells: Sequence[Cell]) -> float:
    """Points for ids in common, the heading, and functions in common."""
    ids = {name for cell in cells for name in cell_ids(cell)}
    known = set(template.cells)
    points = _IDS * min(1.0, 2 * len(ids & known) / len(known)) if known else 0.0
    if _named(template, cells):
        points += _HEADING
    defined, wanted = functions(cells), set(template.functions)
    if wanted:
        points += _FUNCTIONS * len(defined & wanted) / len(wanted)
    return points


def _named(template: Template, cells: Sequence[Cell]) -> bool:
    number = " ".join(template.heading.split()[:2])  # "notebook 3.4"
    return any(f"{heading} ".startswith(f"{number} ") for heading in headings(cells))


def unchanged_cells(template: Template, cells: Sequence[Cell]) -> frozenset[str]:
    """Ids of the template's cells whose code is delivered as it was handed out.

    A copy that lost the ids is compared by content.
    """
    digests = {code_digest(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    by_id = {
        name: code_digest(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code"
        for name in cell_ids(cell)
    }
    return frozenset(
        name
        for name, digest in template.cells.items()
        if by_id.get(name, digest if digest in digests else None) == digest
    )


def places_of(
    template: Template, cells: Sequence[Cell], unchanged: Collection[str]
) -> dict[int, str]:
    """Where the template's cells that are `unchanged` stand: position in the copy -> id."""
    by_digest = {template.cells[name]: name for name in template.cells if name in unchanged}
    found: dict[int, str] = {}
    for position, cell in enumerate(cells):
        if cell["cell_type"] == "code" and cell["source"].strip():
            digest = code_digest(cell["source"])
            own = (name for name in cell_ids(cell) if name in unchanged)
            name = next((n for n in own if template.cells[n] == digest), by_digest.get(digest))
            if name is not None:
                found[position] = name
    return found

"""Which of these notebooks is a copy of which one that was handed out?

By what it holds, never by its file's name alone: ids of cells survive in nearly every copy, else
headings tell, else the functions that are defined, and code that is as it was handed out. What many
of the handed-out notebooks have in common says little.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.intake.fingerprints import Cell, cell_ids, code_digest, functions, headings
from graders.rubric.model import Template

ENOUGH = 0.4  # of the points below, for all of what they are for
_IDS, _HEADING, _TITLE, _FUNCTIONS, _CODE, _FILE = 1.0, 0.6, 0.3, 0.5, 0.5, 0.2
_MORE = 0.001
OWN = 0.5  # of its code cells: a further copy with more of its own is another notebook
_CALLED = r"(?:notebook|cuaderno|libreta|libro|nb)"
_CALLS = re.compile(rf"{_CALLED} (?:n[°º]? )?0?(\d+\.\d+)(?![.\d])")


@dataclass(frozen=True)
class Copy:
    """A delivered notebook that is a copy of a template."""

    path: Path
    likeness: float
    enough: bool  # to be a copy at all
    own: float  # the part of its cells with code that are not the template's
    named: bool  # its heading says that it is this one
    certain: bool  # so do its heading or its ids, and not what it uses of it alone
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
    in it, then the later name. Beside it, one that only has functions in common with it, or mostly
    cells of its own, is none: people build on what they wrote.
    """
    likenesses = _Likenesses(templates)
    found: dict[str, list[Copy]] = {}
    others = []
    for path, cells in notebooks.items():
        copy = likenesses.best(path, cells)
        if copy is None:
            others.append(path)
        else:
            found.setdefault(copy[0], []).append(copy[1])
    copies, repeated = {}, []
    for template in templates:
        same = found.get(template.id, [])
        if any(copy.certain for copy in same):
            others += [copy.path for copy in same if not copy.certain]
            same = [copy for copy in same if copy.certain]
        if same:
            todo = frozenset(template.todo)
            chosen = max(same, key=lambda c: (c.named, -len(c.unchanged & todo), str(c.path)))
            copies[template.id] = chosen
            further = [copy for copy in same if copy is not chosen]
            repeated += [(template.id, copy.path) for copy in further if copy.own <= OWN]
            others += [copy.path for copy in further if copy.own > OWN]
    order = list(notebooks)
    return Recognised(copies, tuple(repeated), tuple(sorted(others, key=order.index)))


class _Likenesses:
    """How like a notebook is to each template; what several templates share counts less."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self._ids = Counter(name for t in templates for name in t.cells)
        self._functions = Counter(name for t in templates for name in set(t.functions))
        self._code = Counter(d for t in templates for d in set(t.cells.values()))

    def best(self, path: Path, cells: Sequence[Cell]) -> tuple[str, Copy] | None:
        """The template's id and the copy; None when it is like none of them."""
        said = list(headings(cells))
        if self._called_otherwise(said):
            return None
        named = [template.id for template in self._templates if _named(template, said)]
        called = named[0] if len(named) == 1 else ""  # several: it writes about them
        found = [
            (template, self._copy(template, path, cells, said, called == template.id))
            for template in self._templates
        ]
        if not found:
            return None
        template, copy = max(found, key=lambda pair: pair[1].likeness)
        return (template.id, copy) if copy.enough else None

    def _called_otherwise(self, said: Iterable[str]) -> bool:
        """Is it another notebook of the book's? They too are made of each other's cells."""
        numbers = {found[1] for heading in said if (found := _CALLS.match(heading))}
        ours = {_number(template, ".") for template in self._templates}
        return bool(numbers) and numbers.isdisjoint(ours)

    def _copy(
        self,
        template: Template,
        path: Path,
        cells: Sequence[Cell],
        said: Collection[str],
        named: bool,
    ) -> Copy:
        ids = {name for cell in cells for name in cell_ids(cell)}
        unchanged = unchanged_cells(template, cells)
        of_ids = _share(template.cells, ids, self._ids)
        of_functions = _share(template.functions, functions(cells), self._functions)
        code = {template.cells[name] for name in unchanged}
        points = (
            _HEADING * named
            + _TITLE * (not named and _title(template) in said)
            + _FUNCTIONS * of_functions
            + _CODE * _share(template.cells.values(), code, self._code)
        )
        likely = points + of_ids > 0
        if likely and re.search(rf"(?<!\d)0?{_number(template, '[._ -]')}(?!\d)", path.stem):
            points += _FILE
        return Copy(
            path=path,
            # Of two that it has all of, it is a copy of the one that has more.
            likeness=points + _IDS * of_ids + _MORE * of_functions * len(template.functions),
            enough=points + _IDS * min(1.0, 2 * of_ids) >= ENOUGH,
            own=_own(template, cells),
            named=named,
            certain=named or of_ids > 0,
            unchanged=unchanged,
        )


def _own(template: Template, cells: Sequence[Cell]) -> float:
    """The part of the cells with code that have neither an id nor the code of the template's."""
    digests = {digest for name in template.cells for digest in template.digests(name)}
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"].strip()]
    own = [
        cell
        for cell in code
        if template.cells.keys().isdisjoint(cell_ids(cell))
        and code_digest(cell["source"]) not in digests
    ]
    return len(own) / max(1, len(code))


def _share(wanted: Iterable[str], found: Collection[str], of: Counter[str]) -> float:
    """Which part of what is wanted was found, each counted less the more templates have it."""
    weights = {name: 1 / of[name] for name in set(wanted)}
    if not weights:
        return 0.0
    return sum(weight for name, weight in weights.items() if name in found) / sum(weights.values())


def _number(template: Template, dot: str) -> str:
    """The template's number as a pattern, "notebook 3.4 ..." with `dot` between its parts."""
    found = re.search(r"(\d+)\.(\d+)", template.heading)
    return rf"{found[1]}{dot}{found[2]}" if found else r"(?!)"


def _named(template: Template, said: Iterable[str]) -> bool:
    """Says a heading that it is this notebook: its number first, or with its title behind it?"""
    number = _number(template, r"\.")
    first = re.compile(rf"{_CALLED} (?:n[°º]? )?0?{number}(?![.\d])")
    whole = re.compile(rf"(?:^|.* )0?{number} {re.escape(_title(template))}$")
    return any(first.match(heading) or whole.match(heading) for heading in said)


def _title(template: Template) -> str:
    """The words of its heading behind the number."""
    return re.sub(rf"^\w+ {_number(template, '[.]')} ?", "", template.heading)


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
        for name in template.cells
        if not digests.isdisjoint(known := template.digests(name))
        and by_id.get(name, known[0]) in known
    )


def places_of(
    template: Template, cells: Sequence[Cell], unchanged: Collection[str]
) -> dict[int, str]:
    """Where the template's cells that are `unchanged` stand: position in the copy -> id."""
    by_digest = {d: name for name in unchanged for d in template.digests(name)}
    found: dict[int, str] = {}
    for position, cell in enumerate(cells):
        if cell["cell_type"] == "code" and cell["source"].strip():
            digest = code_digest(cell["source"])
            own = (name for name in cell_ids(cell) if name in unchanged)
            name = next((n for n in own if digest in template.digests(n)), by_digest.get(digest))
            if name is not None:
                found[position] = name
    return found

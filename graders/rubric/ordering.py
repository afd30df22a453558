"""In which order can the criteria be checked?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graders.rubric.model import Criterion, Rubric


def order(rubric: Rubric) -> tuple[Criterion, ...]:
    """The criteria, each after what it needs, else as the rubric has them.

    Raises ValueError when a criterion needs one that is not there, or itself by any way.
    """
    criteria = {criterion.id: criterion for criterion in rubric.criteria}
    needs = {name: criterion.needs for name, criterion in criteria.items()}
    for name, needed in needs.items():
        if missing := set(needed) - criteria.keys():
            raise ValueError(f"{name} needs {', '.join(sorted(missing))}, which does not exist")
    for cycle in cycles(needs):
        raise ValueError(f"criteria need each other: {' -> '.join(cycle)}")
    placed: dict[str, Criterion] = {}

    def place(name: str) -> None:
        if name not in placed:
            for need in needs[name]:
                place(need)
            placed[name] = criteria[name]

    for name in criteria:
        place(name)
    return tuple(placed.values())


def cycles(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Each ring of names that need each other, closed: ("a", "b", "a"). Unknown names end a way."""
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if name in way:
            yield (*way[way.index(name) :], name)
        elif name not in done:
            for need in needs.get(name, ()):
                yield from walk(need, (*way, name))
            done.add(name)

    for name in needs:
        yield from walk(name, ())

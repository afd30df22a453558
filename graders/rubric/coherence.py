"""Do the parts agree with each other? Names, prerequisites, penalties, lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graders.language import _
from graders.rubric import quantities
from graders.rubric.check_functions import check_faults
from graders.rubric.lateness import lateness_faults
from graders.rubric.ordering import cycles
from graders.rubric.outline import Part, outline
from graders.rubric.problems import Fault, Place, did_you_mean


def coherence_faults(data: Any, checks: Path) -> Iterator[Fault]:
    """What one part of the file says wrongly about another; `checks` is the folder of themes.

    The data may have any shape: what has the wrong one is passed over, `shape` tells of it.
    """
    rubric = outline(data)
    exercises = rubric.parts("exercises")
    criteria = [part for exercise in exercises for part in exercise.parts("criteria")]
    lines = [part for exercise in exercises for part in exercise.parts("lines")]
    yield from _twice(exercises, "id", _("There are two exercises '{name}'."))
    yield from _twice([*criteria, *lines], "id", _("There are two criteria or lines '{name}'."))
    yield from _twice(rubric.parts("data"), "name", _("There are two data files '{name}'."))
    yield from _spellings(rubric.parts("data"))
    yield from _kinds(rubric.parts("data"))
    yield from _profiles(rubric)
    yield from _handed_out(rubric, criteria)
    yield from lateness_faults(rubric)
    yield from _two_kernels(rubric)
    for criterion in criteria:
        yield from _who_assesses(criterion)
    for exercise in exercises:
        yield from _penalties(exercise)
    known = [name for part in criteria if (name := part.get("id", str)) is not None]
    yield from _prerequisites(criteria, known)
    for line in lines:
        if (when := line.get("when", dict)) is not None:
            yield from _condition(Part((*line.place, "when"), when), known)
    yield from check_faults(criteria, checks)


def _two_kernels(rubric: Part) -> Iterator[Fault]:
    run = rubric.get("run", dict)
    if run is not None and {"kernel", "environment"} <= run.keys():
        message = _("A run has either a kernel or an environment.")
        yield Fault((*rubric.place, "run", "environment"), message)


def _twice(parts: list[Part], key: str, message: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for part in parts:
        name = part.get(key, str)
        if name is None:
            continue
        if name in seen:
            yield part.fault(key, message.format(name=name))
        seen.add(name)


def _spellings(data: list[Part]) -> Iterator[Fault]:
    owner: dict[str, int] = {}
    for number, part in enumerate(data):
        for index, name in part.texts("files"):
            if owner.setdefault(name, number) != number:
                message = _("The file '{name}' belongs to two data files.").format(name=name)
                yield part.fault(("files", index), message)


def _kinds(data: list[Part]) -> Iterator[Fault]:
    for part in data:
        kind = part.get("kind", str) or "table"
        for key in ("role", "label"):
            if kind in ("images", "signals", "weights") and key in part.keys:
                message = _("'{key}' is for tables, and this data file has kind '{kind}'.")
                yield part.fault(key, message.format(key=key, kind=kind))


def _profiles(rubric: Part) -> Iterator[Fault]:
    """A profile says something, and only of image sets."""
    other = {
        "table",
        "signals",
        "weights",
        "other",
        None,
    }  # a kind that is none is told of by `shape`
    image_sets = [
        name
        for part in rubric.parts("data")
        if (name := part.get("name", str)) is not None and part.get("kind", str) not in other
    ]
    for profile, samples in (rubric.get("profiles", dict) or {}).items():
        place: Place = ("profiles", profile)
        if samples == {}:
            yield rubric.fault(place, _("The profile '{name}' is empty.").format(name=profile))
        for name in samples if isinstance(samples, dict) else ():
            if name in image_sets:
                continue
            message = _("'{name}' is no data file of kind 'images'.").format(name=name)
            yield rubric.fault((*place, name), message + did_you_mean(str(name), image_sets))


def _handed_out(rubric: Part, criteria: list[Part]) -> Iterator[Fault]:
    """A criterion is about a notebook that the rubric names."""
    of = (rubric.get("notebooks", dict) or {}).get("of")
    known = [name for name in of if isinstance(name, str)] if isinstance(of, list) else []
    for criterion in criteria:
        name = criterion.get("notebook", str)
        if name is not None and name not in known:
            message = _("'{name}' is none of the rubric's notebooks.").format(name=name)
            yield criterion.fault("notebook", message + did_you_mean(name, known))


def _who_assesses(criterion: Part) -> Iterator[Fault]:
    manual, check = criterion.keys.get("manual"), "check" in criterion.keys
    if manual and check:
        yield criterion.fault("check", _("A manual criterion has no check: a person assesses it."))
    if not manual and not check:
        yield criterion.fault((), _("A criterion needs a check, or manual: true."))
    if manual and "params" in criterion.keys:
        yield criterion.fault("params", _("Parameters are for a check, and this has none."))


def _penalties(exercise: Part) -> Iterator[Fault]:
    available = _read(quantities.points, exercise.keys.get("points"))
    for part in (*exercise.parts("criteria"), *exercise.parts("lines")):
        if "penalty" in part.keys and "points" in part.keys:
            yield part.fault("points", _("A penalty is given twice: as penalty and as points."))
        penalty = _read(quantities.penalty, part.keys.get("penalty"))
        costs = {
            "penalty": penalty.amount if penalty and penalty.unit == "points" else None,
            "points": _read(quantities.points, part.keys.get("points")),
        }
        for key, cost in costs.items():
            if cost is not None and available is not None and cost > available:
                message = _("The penalty takes {cost} points and the exercise has {available}.")
                yield part.fault(key, message.format(cost=cost, available=available))


def _read(reader: Any, value: object) -> Any:
    """What the reader makes of it, or None: `shape` tells what is wrong with it."""
    try:
        return reader(value)
    except ValueError:
        return None


def _prerequisites(criteria: list[Part], known: list[str]) -> Iterator[Fault]:
    needs: dict[str, list[str]] = {}
    parts: dict[str, Part] = {}
    for criterion in criteria:
        name = criterion.get("id", str)
        for index, need in criterion.texts("needs"):
            if need not in known:
                message = _("'{name}' is needed but there is no such criterion.").format(name=need)
                yield criterion.fault(("needs", index), message + did_you_mean(need, known))
        if name is not None and name not in parts:
            parts[name] = criterion
            needs[name] = [need for _index, need in criterion.texts("needs")]
    for cycle in cycles(needs):
        message = _("Criteria that need each other can never be assessed: {cycle}.")
        yield parts[cycle[0]].fault("needs", message.format(cycle=" → ".join(cycle)))


def _condition(condition: Part, known: list[str]) -> Iterator[Fault]:
    if not condition.keys or {"any_of", "all_of"} <= condition.keys.keys():
        yield condition.fault((), _("A condition has either any_of or all_of."))
    for key in ("any_of", "all_of"):
        for index, name in condition.texts(key):
            if name not in known:
                message = _("The line names '{name}' but there is no such criterion.")
                yield condition.fault(
                    (key, index), message.format(name=name) + did_you_mean(name, known)
                )
        for part in condition.parts(key):
            yield from _condition(part, known)

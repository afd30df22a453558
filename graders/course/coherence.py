"""Do the parts of a course, and what was decided in it, agree with each other?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from graders.course.model import Course
from graders.course.names import Name, name_of
from graders.language import _
from graders.rubric import quantities
from graders.rubric.outline import Part, outline
from graders.rubric.problems import Fault, did_you_mean


def course_faults(data: Any) -> Iterator[Fault]:
    """What the file of a course says wrongly, beside the shape of its parts."""
    course = outline(data)
    parts = course.parts("assignments")
    seen: set[str] = set()
    for part in parts:
        if (name := part.get("id", str)) is not None:
            if name in seen:
                message = _("There are two assignments '{name}'.").format(name=name)
                yield part.fault("id", message)
            seen.add(name)
    weights = [_read(quantities.share, part, "weight") for part in parts]
    together = sum((weight for weight in weights if weight), Decimal(0))
    if weights and None not in weights and together != 100:
        message = _("The weights of the assignments add up to {sum}%, not to 100%.")
        yield course.fault("assignments", message.format(sum=f"{together.normalize():f}"))
    yield from _quality(Part(("quality",), course.get("quality", dict) or {}))


def _quality(quality: Part) -> Iterator[Fault]:
    lowest, highest, default = (
        _read(quantities.not_negative, quality, key) for key in ("lowest", "highest", "default")
    )
    if lowest is None or highest is None:
        return
    if lowest > highest:
        yield quality.fault("highest", _("The highest factor is less than the lowest one."))
    elif default is not None and not lowest <= default <= highest:
        yield quality.fault("default", _outside(default, lowest, highest))


def decision_faults(data: Any, course: Course) -> Iterator[Fault]:
    """What the file of decisions says wrongly of the course, beside the shape of its parts."""
    decisions = outline(data)
    yield from _students(decisions)
    yield from _assignments(decisions, course)
    yield from _groups(decisions)
    for key in ("quality", "projects"):
        yield from _twice(decisions.parts(key), ("student",))
    both = [*decisions.parts("exemptions"), *decisions.parts("overrides")]
    yield from _twice(both, ("student", "assignment"))
    bounds = course.quality
    for part in decisions.parts("quality"):
        factor = _read(quantities.not_negative, part, "factor")
        if bounds is None:
            yield part.fault("factor", _("This course has no factor for quality."))
        elif factor is not None and not bounds.lowest <= factor <= bounds.highest:
            yield part.fault("factor", _outside(factor, bounds.lowest, bounds.highest))
    for part in decisions.parts("projects"):
        if course.project is None:
            yield part.fault("mark", _("This course has no project."))
    for part in (*decisions.parts("projects"), *decisions.parts("overrides")):
        mark = _read(quantities.not_negative, part, "mark")
        if mark is not None and mark > course.scale:
            yield part.fault("mark", _outside(mark, Decimal(0), course.scale))
    yield from _exempt_from_all(decisions, course)


def unknown_students(data: Any, known: dict[Name, str]) -> Iterator[Fault]:
    """Students that are named in the decisions and that nobody knows."""
    decisions = outline(data)
    for key in ("quality", "projects", "exemptions", "overrides"):
        for part in decisions.parts(key):
            student = part.get("student", str)
            if student is not None and name_of(student) not in known:
                yield part.fault("student", _unknown(student, known))
    for part in decisions.parts("groups"):
        for index, member in part.texts("members"):
            if name_of(member) not in known:
                yield part.fault(("members", index), _unknown(member, known))
    if decisions.get("students", list):
        for part in decisions.parts("aliases"):
            student = part.get("student", str)
            if student is not None and name_of(student) not in known:
                yield part.fault("student", _unknown(student, known))


def _unknown(student: str, known: dict[Name, str]) -> str:
    message = _("There is no student '{name}'.").format(name=student)
    return message + did_you_mean(student, list(known.values()))


def _students(decisions: Part) -> Iterator[Fault]:
    """Each name is one student's."""
    seen: dict[Name, str] = {}
    for index, student in decisions.texts("students"):
        name = name_of(student)
        if name in seen:
            message = _("'{name}' is the same name as '{other}'.")
            yield decisions.fault(
                ("students", index), message.format(name=student, other=seen[name])
            )
        seen.setdefault(name, student)
    owner: dict[Name, Name] = {}
    for part in decisions.parts("aliases"):
        student_of = name_of(part.get("student", str) or "")
        for index, alias in part.texts("names"):
            name = name_of(alias)
            other = owner.setdefault(name, student_of)
            if other != student_of or (name in seen and name != student_of):
                message = _("'{name}' is the name of two students.").format(name=alias)
                yield part.fault(("names", index), message)


def _assignments(decisions: Part, course: Course) -> Iterator[Fault]:
    for key in ("exemptions", "overrides"):
        for part in decisions.parts(key):
            name = part.get("assignment", str)
            if name is not None and name not in course.names:
                yield part.fault("assignment", _no_assignment(name, course))
    for part in decisions.parts("groups"):
        for index, name in part.texts("assignments"):
            if name not in course.names:
                yield part.fault(("assignments", index), _no_assignment(name, course))


def _groups(decisions: Part) -> Iterator[Fault]:
    """Nobody is in two groups for one assignment; a submission is of one assignment."""
    taken: dict[tuple[Name, str], bool] = {}
    for part in decisions.parts("groups"):
        if len(part.get("members", list) or ()) == 1:
            yield part.fault("members", _("A group has two members or more."))
        names = [name for _index, name in part.texts("assignments")]
        if "submission" in part.keys and len(names) != 1:
            message = _("A submission is of one assignment: name just that in 'assignments'.")
            yield part.fault("submission", message)
        for index, member in part.texts("members"):
            person = name_of(member)
            overlap = [
                name
                for who, name in taken
                if who == person and (not names or not name or name in names)
            ]
            if overlap:
                message = _("'{name}' is twice in a group for the same assignment.")
                yield part.fault(("members", index), message.format(name=member))
            taken.update({(person, name): True for name in names or [""]})


def _twice(parts: list[Part], keys: tuple[str, ...]) -> Iterator[Fault]:
    """One decision for each student, or for each student and assignment."""
    seen: set[tuple[Any, ...]] = set()
    for part in parts:
        values = [part.get(key, str) for key in keys]
        if None in values:
            continue
        about = (name_of(str(values[0])), *values[1:])
        if about in seen:
            said = " · ".join(map(str, values))
            message = _("There are two decisions about {what}.").format(what=said)
            yield part.fault(keys[-1], message)
        seen.add(about)


def _exempt_from_all(decisions: Part, course: Course) -> Iterator[Fault]:
    left: dict[Name, set[str]] = {}
    for part in decisions.parts("exemptions"):
        student, name = part.get("student", str), part.get("assignment", str)
        if student is None or name is None:
            continue
        still = left.setdefault(name_of(student), set(course.names))
        still.discard(name)
        if not still:
            message = _("'{name}' is exempt from every assignment: nothing is left to grade.")
            yield part.fault("assignment", message.format(name=student))


def _no_assignment(name: str, course: Course) -> str:
    message = _("'{name}' is no assignment of the course.").format(name=name)
    return message + did_you_mean(name, course.names)


def _outside(value: Decimal, lowest: Decimal, highest: Decimal) -> str:
    return _("{value} is not between {lowest} and {highest}.").format(
        value=value, lowest=lowest, highest=highest
    )


def _read(reader: Callable[[object], Decimal], part: Part, key: str) -> Decimal | None:
    """What the reader makes of it, or None: `shape` tells what is wrong with it."""
    try:
        return reader(part.keys.get(key))
    except ValueError:
        return None

"""Whose is each submission? By the names found in it, the list of students and what was decided.

Nobody is guessed: a name is a student's when it has the same words, or when an alias says so. A
submission that names nobody goes by its own name. What stays open is said, and as long as it is,
whoever seems to have handed in nothing may be its author.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from graders.course.loading import Written
from graders.course.model import Decisions
from graders.course.names import Name, alike, name_of
from graders.course.reports import Marked
from graders.language import _
from graders.rubric.problems import did_you_mean

Handed = Mapping[str, tuple[Marked, ...]]
"""By assignment, what was marked."""


@dataclass
class Matched:
    """Students in order, what each handed in, and what could not be told."""

    assignments: tuple[str, ...]
    students: dict[Name, str] = field(default_factory=dict)
    found: dict[tuple[Name, str], tuple[Marked, ...]] = field(default_factory=dict)
    open: dict[str, tuple[Marked, ...]] = field(default_factory=dict)  # of whom is not known
    doubts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def by(self, student: Name) -> dict[str, set[str]]:
        """The submissions of a student by assignment, where there are any."""
        named = {a: {one.submission for one in self.of(student, a)} for a in self.assignments}
        return {assignment: names for assignment, names in named.items() if names}

    def of(self, student: Name, assignment: str) -> tuple[Marked, ...]:
        return self.found.get((student, assignment), ())


def match(handed: Handed, written: Written) -> Matched:
    """Whose each submission is. Raises RubricError for decisions about unknown students, and for
    groups that do not say which of several submissions they share."""
    decisions = written.decisions
    matched = Matched(tuple(handed), {name_of(student): student for student in decisions.students})
    aliases = {name_of(name): alias.student for alias in decisions.aliases for name in alias.names}
    for assignment, submissions in handed.items():
        for one in submissions:
            _place(one, assignment, matched, aliases, listed=bool(decisions.students))
    if not decisions.students:
        for alias in decisions.aliases:
            matched.students.setdefault(name_of(alias.student), alias.student)
        matched.students = dict(
            sorted(matched.students.items(), key=lambda pair: pair[1].casefold())
        )
    written.check_students(matched.students)
    _groups(handed, written, matched)
    matched.notes += [doubt for doubts in matched.doubts.values() for doubt in doubts]
    if not decisions.students:
        matched.notes += _may_be_one(matched)
    return matched


def may_be_theirs(
    matched: Matched, student: Name, assignment: str, decisions: Decisions
) -> tuple[Marked, ...]:
    """Submissions of the assignment that may be this student's, who seems to have none."""
    found = {one.submission: one for one in matched.open.get(assignment, ())}
    if not decisions.students:
        for other in matched.students:
            if _may_be_same(matched, student, other):
                found.update({one.submission: one for one in matched.of(other, assignment)})
    return tuple(found.values())


def _place(
    one: Marked, assignment: str, matched: Matched, aliases: Mapping[Name, str], *, listed: bool
) -> None:
    """Give the submission to whom it names."""

    def known(text: str) -> Name | None:
        name = name_of(text)
        student = name_of(aliases[name]) if name in aliases else name
        return student if student in matched.students else None

    def add(text: str) -> Name:
        name = name_of(text)
        student = aliases.get(name, text)
        matched.students.setdefault(name_of(student), student)
        return name_of(student)

    named = one.students or (one.submission,)
    by_folder = known(one.submission) if listed or name_of(one.submission) in aliases else None
    if listed:
        owners = [owner for text in named if (owner := known(text)) is not None]
        strange = [text for text in named if known(text) is None]
    else:
        owners, strange = [add(text) for text in named], []
    if not owners and by_folder is not None:
        owners, strange = [by_folder], []
    where, doubts = f"{assignment}/{one.submission}", []
    if by_folder is not None and by_folder not in owners:
        message = _("{where} has the name of {student}, and says that it is by {others}.")
        others = ", ".join(one.students)
        student = matched.students[by_folder]
        doubts.append(message.format(where=where, student=student, others=others))
        owners = []
    for text in strange:
        message = _("{where} is by '{name}', which is no student's name nor an alias.")
        doubts.append(message.format(where=where, name=text) + _hint(text, matched))
    if doubts:
        matched.doubts[assignment, one.submission] = doubts
        matched.open[assignment] = (*matched.open.get(assignment, ()), one)
    for owner in dict.fromkeys(owners):
        key = (owner, assignment)
        matched.found[key] = (*matched.found.get(key, ()), one)


def _hint(text: str, matched: Matched) -> str:
    """A question about the student whose name is much like this one."""
    spelt = {" ".join(name): student for name, student in matched.students.items()}
    close = get_close_matches(" ".join(name_of(text)), spelt, n=1, cutoff=0.7)
    return " " + _("Did you mean '{word}'?").format(word=spelt[close[0]]) if close else ""


def _groups(handed: Handed, written: Written, matched: Matched) -> None:
    """Give each member of a group the one submission that they share."""
    for index, group in enumerate(written.decisions.groups):
        members = [name_of(member) for member in group.members]
        for assignment in group.assignments:
            theirs = {one.submission: one for m in members for one in matched.of(m, assignment)}
            if group.submission is not None and handed.get(assignment):
                there = handed[assignment]
                wanted = name_of(group.submission)
                named = [o for o in there if o.submission == group.submission]
                named += [o for o in there if name_of(o.submission) == wanted]
                if not named:
                    message = _("There is no submission '{name}' of {assignment}.")
                    raise written.problem(
                        ("groups", index, "submission"),
                        message.format(name=group.submission, assignment=assignment)
                        + did_you_mean(group.submission, [o.submission for o in there]),
                    )
                theirs = {named[0].submission: named[0]}
            if len(theirs) > 1:
                message = _("They handed in more than one of {assignment} ({names}): name one.")
                raise written.problem(
                    ("groups", index),
                    message.format(assignment=assignment, names=", ".join(theirs)),
                )
            for one in theirs.values():
                matched.found.update({(m, assignment): (one,) for m in members})
                left = matched.open.get(assignment, ())
                matched.open[assignment] = tuple(o for o in left if o != one)
                matched.doubts.pop((assignment, one.submission), None)
                matched.notes += _outsiders(one, assignment, members, matched)


def _outsiders(
    one: Marked, assignment: str, members: list[Name], matched: Matched
) -> Iterator[str]:
    for (who, where), submissions in matched.found.items():
        if where == assignment and one in submissions and who not in members:
            message = _("{where} also names {student}, who is not in that group.")
            yield message.format(
                where=f"{assignment}/{one.submission}", student=matched.students[who]
            )


def _may_be_one(matched: Matched) -> Iterator[str]:
    names = list(matched.students)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if _may_be_same(matched, one, other):
                message = _(
                    "{one} and {other} may be one person: say so in 'aliases', or list both in "
                    "'students'."
                )
                yield message.format(one=matched.students[one], other=matched.students[other])


def _may_be_same(matched: Matched, one: Name, other: Name) -> bool:
    """By their names or by what their submissions are called, and never both in one assignment."""
    if one == other:
        return False
    by_one, by_other = matched.by(one), matched.by(other)
    if by_one.keys() & by_other.keys():
        return False
    places = {name for found in by_one.values() for name in found}
    return alike(one, other) or any(places & found for found in by_other.values())

"""What holds for any marks and any decisions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from graders.course import Course, Grade, Marked, grades
from graders.course.loading import Written
from graders.course.model import (
    Decisions,
    Exemption,
    Group,
    Override,
    Part,
    Project,
    ProjectMark,
    Quality,
    QualityDecision,
)
from graders.rubric.model import Text

from .conftest import Marks

TEXT = Text(es="a", en="a")
WHO = {"student": "Ana", "reason": "a", "by": "b", "on": date(2025, 8, 20)}
titles = st.just(TEXT)
NAMES = ("t1", "t2", "t3", "t4")


@st.composite
def courses(draw: st.DrawFn) -> Course:
    cuts = sorted(draw(st.lists(st.integers(1, 99), min_size=3, max_size=3, unique=True)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    lowest = draw(st.decimals("0.1", 1, places=2))
    quality = Quality(lowest=lowest, highest=lowest + draw(st.decimals(0, 1, places=2)))
    return Course(
        id="c",
        title=TEXT,
        scale=draw(st.decimals(1, 100, places=1)),
        assignments=tuple(
            Part(id=name, weight=Decimal(weight), title=TEXT)
            for name, weight in zip(NAMES, weights, strict=True)
        ),
        quality=draw(st.sampled_from([quality, None])),
        project=draw(
            st.none() | st.builds(Project, weight=st.integers(1, 99), title=st.just(TEXT))
        ),
    )


@st.composite
def works(draw: st.DrawFn, student: str = "Ana") -> Marks:
    """What one student handed in: nothing, a mark or a range, of any maximum."""
    found: Marks = {}
    for name in NAMES:
        top = draw(st.decimals(1, 50, places=1))
        ends = sorted(draw(st.tuples(*[st.decimals(0, top, places=2)] * 2)))
        kind = draw(st.sampled_from(["settled", "range", "none"]))
        low = ends[1] if kind == "settled" else ends[0]
        one = Marked(name, student, (), low, ends[1], top)
        found[name] = () if kind == "none" else (one,)
    return found


@st.composite
def decisions(draw: st.DrawFn, course: Course) -> Decisions:
    marks = st.decimals(0, course.scale, places=2)
    touched = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    split = draw(st.integers(0, len(touched)))
    made = Decisions(
        students=("Ana",),
        exemptions=tuple(Exemption(**WHO, assignment=name) for name in touched[:split]),
        overrides=tuple(
            Override(**WHO, assignment=name, mark=draw(marks)) for name in touched[split:]
        ),
    )
    if course.quality is not None and draw(st.booleans()):
        factors = st.decimals(course.quality.lowest, course.quality.highest, places=2)
        made = made.model_copy(update={"quality": (QualityDecision(**WHO, factor=draw(factors)),)})
    if course.project is not None and draw(st.booleans()):
        made = made.model_copy(update={"projects": (ProjectMark(**WHO, mark=draw(marks)),)})
    return made


@st.composite
def cases(draw: st.DrawFn) -> tuple[Course, Marks, Decisions]:
    course = draw(courses())
    return course, draw(works()), draw(decisions(course))


def grade(course: Course, work: Marks, decided: Decisions) -> Grade:
    [row] = grades(course, work, Written(decided)).rows
    return row


@given(cases())
def test_between_nothing_and_the_scale(case: tuple[Course, Marks, Decisions]) -> None:
    row = grade(*case)
    assert 0 <= row.low <= row.high <= case[0].scale
    for standing in row.standings:
        assert 0 <= standing.mark.low <= standing.mark.high <= case[0].scale


@given(cases(), st.data())
def test_a_better_mark_is_never_a_worse_grade(
    case: tuple[Course, Marks, Decisions], data: st.DataObject
) -> None:
    course, work, decided = case
    name = data.draw(st.sampled_from(NAMES))
    before = (
        work[name][0] if work[name] else Marked(name, "Ana", (), *[Decimal(0)] * 2, Decimal(20))
    )
    low = data.draw(st.decimals(before.low, before.max_mark, places=2))
    high = data.draw(st.decimals(max(low, before.high), before.max_mark, places=2))
    better = Marked(name, "Ana", (), low, high, before.max_mark)
    others = {**work, name: (before,)}
    worse, best = grade(course, others, decided), grade(course, {**work, name: (better,)}, decided)
    assert best.low >= worse.low
    assert best.high >= worse.high


@given(cases(), st.data())
def test_deciding_stays_within_the_range(
    case: tuple[Course, Marks, Decisions], data: st.DataObject
) -> None:
    course, work, decided = case
    row = grade(course, work, decided)
    settled = dict(work)
    for name in NAMES:
        for one in work[name]:
            mark = data.draw(st.decimals(one.low, one.high, places=2))
            settled[name] = (Marked(name, "Ana", (), mark, mark, one.max_mark),)
    more = dict[str, object]()
    if course.quality is not None and not decided.quality:
        bounds = course.quality
        factor = data.draw(st.decimals(bounds.lowest, bounds.highest, places=2))
        more["quality"] = (QualityDecision(**WHO, factor=factor),)
    if course.project is not None and not decided.projects:
        mark = data.draw(st.decimals(0, course.scale, places=2))
        more["projects"] = (ProjectMark(**WHO, mark=mark),)
    after = grade(course, settled, decided.model_copy(update=more))
    assert row.low <= after.low <= after.high <= row.high


@given(cases(), st.data())
def test_an_exemption_is_never_worse_than_a_zero(
    case: tuple[Course, Marks, Decisions], data: st.DataObject
) -> None:
    course, work, decided = case
    name = data.draw(st.sampled_from(NAMES))
    plain = decided.model_copy(
        update={
            "exemptions": tuple(e for e in decided.exemptions if e.assignment != name)[:2],
            "overrides": tuple(o for o in decided.overrides if o.assignment != name),
        }
    )
    zero = plain.model_copy(
        update={"overrides": (*plain.overrides, Override(**WHO, assignment=name, mark=Decimal(0)))}
    )
    exempt = plain.model_copy(
        update={"exemptions": (*plain.exemptions, Exemption(**WHO, assignment=name))}
    )
    without, nothing = grade(course, work, exempt), grade(course, work, zero)
    assert without.low >= nothing.low
    assert without.high >= nothing.high


@given(courses(), works(), st.data())
def test_members_of_a_group_have_equal_marks(
    course: Course, work: Marks, data: st.DataObject
) -> None:
    owners = {name: data.draw(st.sampled_from(["Ana", "Luis"])) for name in NAMES}
    mixed = {
        name: tuple(
            Marked(name, owners[name], (), one.low, one.high, one.max_mark) for one in work[name]
        )
        for name in NAMES
    }
    together = Decisions(
        students=("Ana", "Luis"), groups=(Group(members=("Ana", "Luis"), assignments=NAMES),)
    )
    one, other = grades(course, mixed, Written(together)).rows
    assert [s.mark for s in one.standings] == [s.mark for s in other.standings]
    assert (one.low, one.high, one.sums) == (other.low, other.high, other.sums)


@given(cases())
def test_the_sum_that_is_written_is_the_grade(case: tuple[Course, Marks, Decisions]) -> None:
    """Whoever types it into a calculator gets the grade: but for figures that are not exact."""
    row = grade(*case)
    for one, end in zip(row.sums, (row.low, row.high), strict=False):
        first = one.text.split(" = ")[0]
        if "≈" in first:
            continue
        # a text of ours: figures, signs and min
        value = eval(first.replace("×", "*"), {"__builtins__": {}, "min": min})
        assert abs(Decimal(value) - end) <= Decimal("0.005") + Decimal("1e-9")

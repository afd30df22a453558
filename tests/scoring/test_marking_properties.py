"""What holds for any rubric and any verdicts."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from graders.rubric import Condition, Criterion, Exercise, Line, Penalty, Rubric, Text
from graders.scoring import Result, Status, Verdict, VerdictKind, score

TEXT = Text(es="a", en="a")
Verdicts = dict[str, Verdict]

points = st.decimals("0.1", 10, places=2)
penalties = st.one_of(
    st.builds(Penalty, unit=st.just("percent"), amount=st.decimals(1, 100, places=1)),
    st.builds(Penalty, unit=st.just("points"), amount=st.decimals("0.01", 12, places=2)),
)
kinds = st.sampled_from(VerdictKind)


def conditions(names: list[str]) -> st.SearchStrategy[Condition]:
    def node(entries: st.SearchStrategy[str | Condition]) -> st.SearchStrategy[Condition]:
        some = st.lists(entries, min_size=1, max_size=3).map(tuple)
        return st.one_of(st.builds(Condition, any_of=some), st.builds(Condition, all_of=some))

    leaves = st.sampled_from(names)
    return node(st.one_of(leaves, node(leaves)))


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    exercises = []
    for number in range(draw(st.integers(1, 3))):
        names = [f"e{number}.c{i}" for i in range(draw(st.integers(1, 4)))]
        criteria = []
        for name in names:
            penalty = draw(st.none() | penalties)
            manual = draw(st.booleans())
            criteria.append(Criterion(id=name, text=TEXT, penalty=penalty, manual=manual))
        lines = tuple(
            Line(
                id=f"e{number}.l{i}",
                text=TEXT,
                penalty=draw(penalties),
                when=draw(conditions(names)),
            )
            for i in range(draw(st.integers(0, 2)))
        )
        exercises.append(
            Exercise(
                id=f"e{number}",
                title=TEXT,
                points=draw(points),
                criteria=tuple(criteria),
                lines=lines,
            )
        )
    return Rubric(assignment="demo", title=TEXT, exercises=tuple(exercises))


@st.composite
def marked(draw: st.DrawFn) -> tuple[Rubric, Verdicts]:
    rubric = draw(rubrics())
    return rubric, {c.id: Verdict(id=c.id, verdict=draw(kinds)) for c in rubric.criteria}


def mark(rubric: Rubric, verdicts: Verdicts) -> Result:
    return score(rubric, "s", (), verdicts, language="en")


def becomes(verdicts: Verdicts, name: str, kind: VerdictKind) -> Verdicts:
    return {**verdicts, name: Verdict(id=name, verdict=kind)}


@given(marked())
def test_ends_are_in_order_and_within_the_points(case: tuple[Rubric, Verdicts]) -> None:
    result = mark(*case)
    assert 0 <= result.mark_low <= result.mark_high <= result.max_mark
    for exercise in result.exercises:
        assert 0 <= exercise.mark_low <= exercise.mark_high <= exercise.points
        assert exercise.mark == exercise.mark_low
        for entry in (*exercise.criteria, *exercise.lines):
            assert 0 <= entry.applied <= entry.cost <= exercise.points


@given(marked())
def test_mark_is_a_range_exactly_when_the_ends_differ(case: tuple[Rubric, Verdicts]) -> None:
    result = mark(*case)
    assert (result.mark is None) == (result.mark_low < result.mark_high)
    if result.mark is None:
        assert result.status is Status.NEEDS_REVIEW
    if VerdictKind.UNDECIDED not in {verdict.verdict for verdict in case[1].values()}:
        assert result.mark == result.mark_low == result.mark_high
        assert result.status is Status.GRADED


@given(marked(), st.data())
def test_one_more_violation_never_raises_the_mark(
    case: tuple[Rubric, Verdicts], data: st.DataObject
) -> None:
    rubric, verdicts = case
    name = data.draw(st.sampled_from(sorted(verdicts)))
    before, after = mark(*case), mark(rubric, becomes(verdicts, name, VerdictKind.VIOLATED))
    assert after.mark_low <= before.mark_low
    assert after.mark_high <= before.mark_high


@given(marked(), st.data(), kinds)
def test_deciding_stays_within_the_range(
    case: tuple[Rubric, Verdicts], data: st.DataObject, kind: VerdictKind
) -> None:
    rubric, verdicts = case
    name = data.draw(st.sampled_from(sorted(verdicts)))
    before = mark(rubric, becomes(verdicts, name, VerdictKind.UNDECIDED))
    after = mark(rubric, becomes(verdicts, name, kind))
    by_person = score(
        rubric,
        "s",
        (),
        becomes(verdicts, name, VerdictKind.UNDECIDED),
        language="en",
        overrides={name: (kind, "Seen.")},
    )
    assert before.mark_low <= after.mark_low <= after.mark_high <= before.mark_high
    assert (by_person.mark_low, by_person.mark_high) == (after.mark_low, after.mark_high)


@given(points, penalties, st.integers(1, 6), st.data())
def test_line_costs_the_same_however_many_criteria_stand_for_it(
    worth: Decimal, penalty: Penalty, number: int, data: st.DataObject
) -> None:
    names = tuple(f"e1.c{i}" for i in range(number))
    exercise = Exercise(
        id="e1",
        title=TEXT,
        points=worth,
        criteria=tuple(Criterion(id=name, text=TEXT) for name in names),
        lines=(Line(id="e1.l", text=TEXT, penalty=penalty, when=Condition(any_of=names)),),
    )
    rubric = Rubric(assignment="demo", title=TEXT, exercises=(exercise,))
    failing = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    verdicts = {
        name: Verdict(id=name, verdict=VerdictKind.VIOLATED if name in failing else VerdictKind.MET)
        for name in names
    }
    alone = Criterion(id="e1.alone", text=TEXT, penalty=penalty)
    single = Rubric(
        assignment="demo",
        title=TEXT,
        exercises=(exercise.model_copy(update={"criteria": (alone,), "lines": ()}),),
    )
    violated = {"e1.alone": Verdict(id="e1.alone", verdict=VerdictKind.VIOLATED)}
    assert mark(rubric, verdicts).mark == mark(single, violated).mark


@given(marked())
def test_result_survives_json(case: tuple[Rubric, Verdicts]) -> None:
    result = mark(*case)
    assert Result.model_validate_json(result.model_dump_json()) == result

from __future__ import annotations

import pytest

from graders.language import speaking
from graders.rubric import Criterion, Rubric, Text
from graders.scoring import Verdict, VerdictKind, blocked, not_assessed

TEXT = Text(es="a", en="a")


@pytest.mark.parametrize(
    ("kind", "blocks"),
    [
        (VerdictKind.MET, False),
        (VerdictKind.VIOLATED, True),
        (VerdictKind.UNDECIDED, False),
        (VerdictKind.NOT_ASSESSED, True),
    ],
)
def test_what_blocks(kind: VerdictKind, blocks: bool) -> None:
    criterion = Criterion(id="e1.b", text=TEXT, needs=("e1.x", "e1.a"))
    verdicts = {"e1.a": Verdict(id="e1.a", verdict=kind)}
    assert blocked(criterion, verdicts) == ("e1.a" if blocks else None)


def test_nothing_needed() -> None:
    assert blocked(Criterion(id="e1.b", text=TEXT), {}) is None


def test_says_what_comes_first(rubric: Rubric) -> None:
    need, criterion = rubric.criterion("e1.first"), rubric.criterion("e1.quarter")
    verdict = not_assessed(criterion, need)
    assert (verdict.id, verdict.verdict) == ("e1.quarter", VerdictKind.NOT_ASSESSED)
    assert verdict.message == "Not assessed, because this comes first: e1.first"
    with speaking("es"):
        assert not_assessed(criterion, need).message.endswith("e1.first (es)")

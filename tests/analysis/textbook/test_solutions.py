"""Every TODO of the textbook: solved it is right, with a fault it is not, undone it is not."""

import pytest

from tests.analysis.textbook.textbook_solutions import SOLUTIONS


def replaced(cells, text, fault):
    whole = "\0".join(cells)
    assert text in whole
    return whole.replace(text, fault).split("\0")


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_is_right(judge, name):
    cells, _faults = SOLUTIONS[name]
    judgement = judge(name, *cells)
    assert judgement.holds is True, judgement.observed


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [(name, *fault) for name, (_cells, faults) in SOLUTIONS.items() for fault in faults],
)
def test_a_fault_is_found(judge, name, text, fault):
    judgement = judge(name, *replaced(SOLUTIONS[name][0], text, fault))
    assert judgement.holds is False, judgement.observed
    assert judgement.observed


@pytest.mark.parametrize("name", SOLUTIONS)
def test_what_is_not_there_is_not_right(judge, name):
    judgement = judge(name, "import numpy as np")
    assert judgement.holds is False

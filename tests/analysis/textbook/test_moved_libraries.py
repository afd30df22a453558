"""What only a newer library refuses is no wrong answer."""

import pytest

from graders.analysis.textbook.todo import unanswered
from graders.evidence.questions import Answer, call


@pytest.mark.parametrize(
    ("error", "holds"),
    [
        ("TypeError: only 0-dimensional arrays can be converted to Python scalars", None),
        ("AttributeError: module 'numpy' has no attribute 'product'", None),
        ("ValueError: operands could not be broadcast together", False),
    ],
)
def test_an_error_of_a_function_on_inputs_of_ours(error, holds):
    found = unanswered(call("loss", args=(1,)), Answer(outcome="raised", error=error))
    assert found is not None
    assert found.holds is holds
    assert error in found.observed

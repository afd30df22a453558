"""Questions are plain data with a digest; what cannot be sent is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graders.evidence.questions import Question, call, cell, each, held, plain, tensor, theirs

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=5), inner),
    max_leaves=12,
)


@given(arrays.arrays(np.float64, arrays.array_shapes(max_dims=3, max_side=4)))
def test_an_array_keeps_every_bit(array):
    sent = json.loads(json.dumps(plain(array)))
    back = np.array(sent["array"], dtype=sent["dtype"]).reshape(sent["shape"])
    assert back.dtype == array.dtype
    assert np.array_equal(back, array, equal_nan=True)


@given(
    VALUES.filter(lambda v: not isinstance(v, dict) or not v.keys() & {"name", "tensor", "code"})
)
def test_the_same_question_has_the_same_digest(value):
    one, other = call("f", args=(value,)), call("f", args=(value,))
    again = Question.model_validate_json(one.model_dump_json())
    assert one.digest == other.digest == again.digest


def test_another_question_has_another_digest():
    questions = [
        call("f", args=(1,)),
        call("f", args=(2,)),
        call("g", args=(1,)),
        call("f", args=(1,), given={"K": 2}),
        cell("f", wanted=("f",)),
        cell("f", wanted=("f",), which="last"),
        cell("f", wanted=("f",), calls=True),
        held(),
        each(1),
        each(2),
    ]
    assert len({question.digest for question in questions}) == len(questions)


def test_what_cannot_be_sent():
    with pytest.raises(TypeError):
        plain(object())
    with pytest.raises(ValueError, match="an array of"):
        plain(np.zeros(100_000))
    with pytest.raises(ValueError, match="an array of"):
        plain(np.array(["text"]))


def test_what_stands_for_something_in_the_kernel():
    assert theirs("ReLU", "relu") == {"name": ["ReLU", "relu"]}
    assert tensor(np.zeros(2))["tensor"]["shape"] == [2]
    assert plain(theirs("ReLU")) == theirs("ReLU")

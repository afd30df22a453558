"""How much memory may computing a network again take?"""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.replay_room import MOST_ELEMENTS, NoRoom, Room, _elements_made, _outline


@given(st.integers(1, 2**40))
def test_what_is_too_large_is_refused_before_it_is_computed(rows):
    room = Room()
    one = torch.ones(1)
    if rows > MOST_ELEMENTS:
        with pytest.raises(NoRoom):
            room.before(torch.Tensor.expand, (one, [rows]), {})
    else:
        room.before(torch.Tensor.expand, (one, [rows]), {})


def test_the_size_counts_and_not_the_last_answer():
    """Calls of one operation on other sizes, or with other numbers, are other calls."""
    room = Room()
    room.before(F.pad, (torch.ones(2, 2), [1, 1]), {})
    with pytest.raises(NoRoom):
        room.before(F.pad, (torch.ones(2, 2), [1, MOST_ELEMENTS]), {})
    room.before(torch.outer, (torch.ones(10), torch.ones(10)), {})
    with pytest.raises(NoRoom):
        room.before(torch.outer, (torch.ones(2**14), torch.ones(2**14)), {})


def test_arguments_that_cannot_be_looked_up_are_tried_too():
    room = Room()
    large = torch.empty(2**20, 2**12, device="meta")
    with pytest.raises(NoRoom):
        room.before(torch.Tensor.__getitem__, (large, slice(None, 2**19)), {})


def test_all_that_is_held_counts():
    room = Room()
    third = torch.empty(MOST_ELEMENTS, device="meta")
    room.taken(third)
    room.taken(third)
    with pytest.raises(NoRoom):
        room.before(torch.neg, (third,), {})
    room.left(third)
    room.before(torch.neg, (third,), {})


def test_a_call_that_fails_by_itself_is_let_through():
    Room().before(torch.add, (torch.ones(2), torch.ones(3)), {})


@given(
    st.integers(1, 9), st.integers(1, 3), st.integers(0, 3), st.integers(1, 2), st.integers(1, 4)
)
def test_the_size_of_a_convolution(size, stride, padding, dilation, kernel):
    value, weight = torch.ones(2, 3, size, size), torch.ones(4, 3, kernel, 1)
    named = {"stride": stride, "padding": padding, "dilation": dilation}
    try:
        expected = F.conv2d(value, weight, **named).numel()
    except RuntimeError:  # a kernel larger than the image
        return
    assert _elements_made(F.conv2d, _outline((value, weight)), _outline(named)) == expected


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_convolution_with_its_padding_in_words(padding):
    value, weight = torch.ones(2, 3, 9), torch.ones(4, 3, 3)
    made = _elements_made(F.conv1d, _outline((value, weight, None, 1, padding)), _outline({}))
    assert F.conv1d(value, weight, None, 1, padding).numel() <= made <= 2 * 4 * 14


def test_a_huge_convolution_is_refused():
    with pytest.raises(NoRoom):
        Room().before(
            F.conv2d, (torch.ones(1, 1, 2, 2), torch.ones(1, 1, 1, 1), None, 1, [2**20, 2**20]), {}
        )


@given(st.lists(st.sampled_from([1, 5]), max_size=3), st.lists(st.sampled_from([1, 5]), max_size=3))
def test_the_size_of_a_sum(left, right):
    one, other = torch.ones(left), torch.ones(right)
    made = _elements_made(torch.add, _outline((one, other)), _outline({}))
    assert made == torch.add(one, other).numel()
    assert _elements_made(torch.mul, _outline((one, 2.0)), _outline({})) == one.numel()


def test_a_sum_that_grows_is_refused():
    with pytest.raises(NoRoom):
        Room().before(torch.add, (torch.ones(2**14, 1), torch.ones(2**14)), {"alpha": 2})


@pytest.mark.parametrize("size", [1, 3, (2, 5), (None, 7)])
def test_the_size_of_what_is_pooled_to_a_size(size):
    value = torch.ones(2, 3, 8, 8)
    made = _elements_made(F.adaptive_avg_pool2d, _outline((value, size)), _outline({}))
    assert made == F.adaptive_avg_pool2d(value, size).numel()
    with pytest.raises(NoRoom):
        Room().before(F.adaptive_avg_pool2d, (value,), {"output_size": 2**20})


@given(st.lists(st.integers(0, 4), max_size=2), st.integers(1, 5))
def test_the_size_of_a_linear_layer(rows, width):
    value, weight = torch.ones(*rows, 3), torch.ones(width, 3)
    made = _elements_made(F.linear, _outline((value, weight, None)), _outline({}))
    assert made == F.linear(value, weight).numel()


LONG = 2**14
UNUSUAL = {
    "an operand by its name": (torch.add, (torch.ones(LONG, 1),), {"other": torch.ones(LONG)}),
    "weights by their name": (F.linear, (torch.ones(LONG, 1),), {"weight": torch.ones(LONG, 1)}),
    "an image without a batch": (
        F.conv2d, (torch.ones(1, 2, 2), torch.ones(1, 1, 1, 1), None, 1, [LONG, LONG]), {}
    ),
}  # fmt: skip


@pytest.mark.parametrize("called", UNUSUAL)
def test_a_usual_operation_called_in_an_unusual_way_is_tried(called):
    function, args, named = UNUSUAL[called]
    with pytest.raises(NoRoom):
        Room().before(function, args, named)

"""How much memory may computing a network again take?"""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.replay_room import MOST_ELEMENTS, NoRoom, Room


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

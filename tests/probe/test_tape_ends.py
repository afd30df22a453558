"""Where does a taped network begin? At what it was given, not at what that was made of."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from graders.probe.tape_ends import needed_for
from graders.probe.torch_tape import Operations, make_tape

X = torch.randn(6, 4)


def tape() -> Any:
    return make_tape(torch)(Operations(torch))


def test_what_the_loop_prepared_is_no_part_of_the_network() -> None:
    encoder, head = nn.Linear(4, 3), nn.Linear(3, 1)
    with (taped := tape()):
        rows = (X - X.mean(dim=0)) / 2 + 0.1 * torch.randn_like(X)
        hidden = torch.relu(encoder(rows))
        loss = head(hidden).sum()
    begin, middle = taped.value(rows), taped.value(hidden)
    nodes, leaves = taped.needed_for([taped.value(loss)], [begin, middle])
    made = {v for n in nodes for v in taped.nodes[n]["outs"]}
    assert begin in leaves
    assert begin not in made
    assert middle in made, "a second network's input is the first one's answer"
    assert taped.value(X) not in leaves


def test_a_frozen_first_network_is_part_of_it() -> None:
    encoder, head = nn.Linear(4, 3).requires_grad_(False), nn.Linear(3, 1)
    with (taped := tape()):
        hidden = encoder(X)
        loss = head(hidden).sum()
    given = [taped.value(X), taped.value(hidden)]
    nodes, leaves = taped.needed_for([taped.value(loss)], given)
    assert given[1] in {v for n in nodes for v in taped.nodes[n]["outs"]}
    assert given[0] in leaves


def test_what_is_learnt_before_the_module_is_part_of_it() -> None:
    scale, head = torch.ones(4, requires_grad=True), nn.Linear(4, 1)
    with (taped := tape()):
        rows = X * scale
        loss = head(rows).sum()
    nodes, leaves = taped.needed_for([taped.value(loss)], [taped.value(rows)])
    assert taped.value(rows) in {v for n in nodes for v in taped.nodes[n]["outs"]}
    assert taped.value(scale) in leaves


def node(op: str, args: list[Any], out: int) -> dict[str, Any]:
    return {"op": op, "args": args, "named": {}, "outs": [out], "scope": ""}


def test_rows_cut_in_tensorflow_are_data_and_columns_are_not() -> None:
    values = [{"shape": [8], "dtype": "float32", "requires_grad": False}] * 5
    cut = node("tf.StridedSlice", [{"t": 0}, {"list": [2]}, {"list": [4]}, {"list": [1]}], 1)
    gathered = node("tf.GatherV2", [{"t": 1}, {"t": 4}, 0], 2)
    columns = node("tf.StridedSlice", [{"t": 2}, {"list": [0, 1]}, {"list": [0, 2]}], 3)
    assert needed_for([cut, gathered], values, [2], []) == ([], [2])
    assert needed_for([cut, gathered, columns], values, [3], []) == ([2], [2])

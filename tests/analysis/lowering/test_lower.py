"""What is said in torch's words, what is left alone: on tapes written by hand."""

from __future__ import annotations

from typing import Any

from graders.analysis.lowering import lower
from graders.analysis.network import Network
from graders.evidence.model import Graph

SETTINGS = {"filters": 4, "strides": {"tuple": [2, 2]}, "padding": "same", "activation": "silu"}


def _graph(*nodes: dict[str, Any], shapes: dict[int, list[int]], inputs: int = 0) -> Graph:
    made = [v for n in nodes for v in n["outs"]]
    return Graph.model_validate(
        {
            "why": "forward", "nodes": nodes, "inputs": [inputs], "outputs": made[-1:],
            "values": {k: {"shape": v, "dtype": "float32"} for k, v in shapes.items()},
            "leaves": [
                {"value": k, "uid": k, "role": "input" if k == inputs else "parameter",
                 "digest": "0" * 32, "rows_kept": 0}
                for k in shapes if k not in made
            ],
        }
    )  # fmt: skip


def _conv(**config: Any) -> Graph:
    node = {
        "op": "K.Conv2D", "args": [{"t": 0}], "outs": [2], "scope": "block/conv",
        "named": {
            "weights": {"dict": {"kernel": {"t": 1}}},
            "config": {"dict": {**SETTINGS, **config}}, "training": False,
        },
    }  # fmt: skip
    return _graph(node, shapes={0: [5, 8, 8, 3], 1: [3, 3, 3, 4], 2: [5, 4, 4, 4]})


def test_a_layer_becomes_what_a_port_to_torch_would_be() -> None:
    network = Network(_conv())
    ops = [n.op for n in network.nodes]
    assert ops == ["T.permute", "T.permute", "F.pad", "F.conv2d", "F.silu", "T.permute"]
    assert {n.scope for n in network.nodes} == {"block/conv"}
    (layer,) = network.layers
    assert network.shape(layer.weight) == (4, 3, 3, 3)
    assert [leaf.value for leaf in network.weight_leaves(layer.weight)] == [1]
    assert network.output == 2


def test_torch_stays_as_it_is() -> None:
    node = {"op": "F.relu", "args": [{"t": 0}], "outs": [1]}
    graph = _graph(node, shapes={0: [5, 3], 1: [5, 3]})
    assert lower(graph) is graph


def test_what_is_not_known_stays_as_it_is() -> None:
    unknown = {"op": "K.LSTM", "args": [{"t": 0}], "outs": [1]}
    strange = {"op": "tf.Conv2D", "args": [{"t": 1}, {"t": 9}], "outs": [2]}
    graph = _graph(unknown, strange, shapes={0: [5, 4, 3], 1: [5, 3], 2: [5, 3]})
    assert [n.op for n in lower(graph).nodes] == ["K.LSTM", "tf.Conv2D"]


def test_settings_that_are_not_known_stay() -> None:
    for config in ({"padding": "odd"}, {"activation": {"module": "mine"}}, {"strides": "2"}):
        (node,) = lower(_conv(**config)).nodes
        assert node.op == "K.Conv2D"


def test_a_loss_may_go_on_from_before_the_softmax() -> None:
    config = {"dict": {"activation": "softmax", "use_bias": False}}
    dense = {
        "op": "K.Dense", "args": [{"t": 0}], "outs": [2, 3], "named": {
            "weights": {"dict": {"kernel": {"t": 1}}}, "config": config,
        },
    }  # fmt: skip
    loss = {
        "op": "tf.SparseSoftmaxCrossEntropyWithLogits",
        "args": [{"t": 3}, {"t": 4}],
        "outs": [5],
    }
    shapes = {0: [5, 3], 1: [3, 2], 2: [5, 2], 3: [5, 2], 4: [5], 5: [5]}
    network = Network(_graph(dense, loss, shapes=shapes))
    assert [n.op for n in network.nodes][-3:] == ["T.identity", "T.to", "F.cross_entropy"]
    (layer,) = network.all_layers
    assert network.ancestors(5) >= {layer.out, 3, 1, 0}
    assert 2 not in network.ancestors(5)


def test_a_squared_error_is_named_as_such() -> None:
    shapes = {0: [5, 2], 1: [5, 2], 2: [5, 2], 3: [5, 2]}
    nodes = (
        {"op": "tf.Sub", "args": [{"t": 0}, {"t": 1}], "outs": [2]},
        {"op": "tf.Square", "args": [{"t": 2}], "outs": [3]},
    )
    graph = _graph(*nodes, shapes=shapes)
    assert [n.op for n in lower(graph).nodes] == ["torch.sub", "torch.square"]
    judged = graph.model_copy(update={"loss": 3, "why": "training"})
    assert [n.op for n in lower(judged).nodes] == ["torch.sub", "F.mse_loss"]


def test_images_are_turned_once() -> None:
    names = {0: [5, 8, 8, 4], 1: [4], 2: [4], 3: [5, 8, 8, 4], 4: [5, 8, 8, 4], 5: [5, 8, 8, 4]}
    weights = {"dict": {"moving_mean": {"t": 1}, "moving_variance": {"t": 2}}}
    graph = _graph(
        {"op": "K.BatchNormalization", "args": [{"t": 0}], "outs": [3],
         "named": {"weights": weights, "config": {"dict": {"axis": -1}}}},
        {"op": "K.Activation", "args": [{"t": 3}], "outs": [4],
         "named": {"config": {"dict": {"activation": "relu"}}}},
        {"op": "K.Add", "args": [{"list": [{"t": 0}, {"t": 4}]}], "outs": [5], "named": {}},
        shapes=names,
    )  # fmt: skip
    ops = [n.op for n in lower(graph).nodes]
    assert ops == ["T.permute", "F.batch_norm", "F.relu", "torch.add", "T.permute"]

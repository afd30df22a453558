"""Computes a network again on the trusted side, on any inputs and with any weights.

Only the operations listed here run, within the room that `replay_room` gives them; arguments are
numbers, flags and arrays that were read without pickle. Everything is computed in float64, dropout
does nothing (unless nearly nothing would come through it in training, and that is asked).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graders.analysis.network import Network
from graders.analysis.operations import bare
from graders.analysis.replay_room import NoRoom, Room
from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Node
from graders.evidence.reading import Blobs

Array = NDArray[Any]

_FUNCTIONAL = frozenset(
    "linear relu relu6 leaky_relu gelu silu elu selu celu tanh sigmoid softplus mish prelu "
    "hardtanh hardswish hardsigmoid logsigmoid softsign tanhshrink threshold glu softmax "
    "log_softmax batch_norm layer_norm group_norm instance_norm normalize rms_norm pad conv1d "
    "conv2d conv3d max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d "
    "adaptive_avg_pool2d rrelu hardshrink softshrink binary_cross_entropy_with_logits "
    "binary_cross_entropy cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss huber_loss "
    "kl_div hinge_embedding_loss soft_margin_loss multi_margin_loss one_hot bilinear embedding "
    "interpolate conv_transpose1d conv_transpose2d conv_transpose3d max_pool3d avg_pool3d".split()
)
_TENSOR = frozenset(
    "add sub mul div matmul mm bmm mv dot t transpose permute reshape view flatten squeeze "
    "unsqueeze sum mean sqrt rsqrt exp log log1p log2 abs neg pow square clip clamp clamp_min "
    "clamp_max relu sigmoid tanh softmax log_softmax expand expand_as type_as contiguous "
    "clone detach maximum minimum chunk split narrow select index_select addmm einsum outer "
    "erf erfc sin cos where softplus cat concat concatenate stack hstack vstack atleast_2d "
    "true_divide divide multiply subtract var std norm max min amax amin eq ne gt lt ge le "
    "logical_not logical_and logical_or argmax gather swapaxes unbind view_as ravel unflatten "
    "tensordot inner lerp addcmul baddbmm reciprocal expm1 logsumexp logaddexp nan_to_num "
    "zeros_like ones_like full_like diag diagonal flip tile tensor prod _shape_as_tensor "
    "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __matmul__ "
    "__rmatmul__ __pow__ __rpow__ __neg__ __getitem__ __eq__ __ne__ __gt__ __lt__ __ge__ __le__ "
    "__invert__ __and__ __or__".split()
)
_DROPOUTS = frozenset(
    "dropout alpha_dropout dropout1d dropout2d dropout3d feature_alpha_dropout".split()
)
_NOISE = frozenset("gaussian_dropout gaussian_noise random_augmentation".split())
_SHUT = 0.99  # a dropout of this probability lets nothing through that could be learnt from
_CASTS = frozenset("to float double half bfloat16 type".split())
_SAME = (
    _DROPOUTS | _NOISE | frozenset("cpu cuda requires_grad_ get:data retain_grad identity".split())
)
_FLOATS = ("float16", "bfloat16", "float32", "float64")


class ReplayError(Exception):
    """The graph cannot be computed again: an operation or a value is not known."""


def to_double(array: Array) -> torch.Tensor:
    """A float64 tensor of a float array; other kinds keep their type."""
    tensor = torch.from_numpy(np.array(array, copy=True))
    return tensor.double() if tensor.is_floating_point() else tensor


class Replay:
    """Computes values of a network. Leaves are read from the evidence unless given.

    With `shut`, dropout of a probability near 1 gives zeros, whatever the mode it ran in.
    """

    def __init__(self, network: Network, blobs: Blobs, *, shut: bool = False) -> None:
        self.network = network
        self.blobs = blobs
        self.shut = shut

    def leaf(self, value: int) -> torch.Tensor:
        """What a leaf held when the tape was made. Raises ReplayError."""
        leaf = self.network.leaves[value]
        try:
            return to_double(self.blobs.load(leaf.digest))
        except EvidenceError as error:
            raise ReplayError(str(error)) from error

    def compute(
        self, wanted: Sequence[int], given: Mapping[int, torch.Tensor]
    ) -> list[torch.Tensor]:
        """The wanted values, starting from the given ones. Raises ReplayError."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch speaks to whoever wrote the network
            return self._computed(wanted, given)

    def _computed(
        self, wanted: Sequence[int], given: Mapping[int, torch.Tensor]
    ) -> list[torch.Tensor]:
        known: dict[int, torch.Tensor] = dict(given)
        needed = self._needed(wanted, set(known))
        running = [
            index
            for index, node in enumerate(self.network.nodes)
            if any(out in needed for out in node.outs)
        ]
        last_use = {v: index for index in running for v in self.network.sources[index]}
        kept = {*wanted, *given}
        room = Room()
        try:
            for value in sorted(needed & set(self.network.leaves)):
                known[value] = room.taken(self.leaf(value))
            for index in running:
                self._run(index, self.network.nodes[index], known, room)
                for value in self.network.sources[index]:
                    if last_use[value] == index and value not in kept and value in known:
                        room.left(known.pop(value))
            return [known[v] for v in wanted]
        except ReplayError:
            raise
        except NoRoom as error:
            raise ReplayError(str(error)) from error
        except Exception as error:
            raise ReplayError(f"{type(error).__name__}: {error}") from error

    def predict(self, inputs: Array, given: Mapping[int, torch.Tensor] | None = None) -> Array:
        """What the network answers on these rows (n x features), as float64."""
        if len(self.network.inputs) != 1 or self.network.output is None:
            raise ReplayError("the network does not have one input and one output")
        fed = {self.network.inputs[0]: to_double(inputs), **(given or {})}
        with torch.no_grad():
            (out,) = self.compute([self.network.output], fed)
        result: Array = out.numpy()
        return result

    def _needed(self, wanted: Sequence[int], known: set[int]) -> set[int]:
        needed: set[int] = set()
        stack = [v for v in wanted if v not in known]
        while stack:
            value = stack.pop()
            if value in needed:
                continue
            needed.add(value)
            index = self.network.producer.get(value)
            if index is not None:
                stack.extend(s for s in self.network.sources[index] if s not in known)
        return needed

    def _run(self, index: int, node: Node, known: dict[int, torch.Tensor], room: Room) -> None:
        args = [self._decode(a, known) for a in node.args]
        kwargs = {k: self._decode(v, known) for k, v in node.named.items() if k != "_stacklevel"}
        name = bare(node.op)
        if name in _SAME:
            result = args[0]
            if self.shut and name in _DROPOUTS and _probability(args, kwargs) >= _SHUT:
                result = torch.zeros_like(result)
        elif name in _CASTS:
            target = _target_type(node, name)
            result = args[0] if target is None else args[0].to(target)
        elif name == "detach":
            result = args[0].detach()
        elif name.startswith("get:") and name[4:] in ("T", "mT"):
            result = getattr(args[0], name[4:])
        elif name == "get:grad":
            raise ReplayError("a gradient is part of the graph")
        else:
            function = self._function(node, name, kwargs)
            room.before(function, args, kwargs)
            result = function(*args, **kwargs)
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        for value, made in zip(node.outs, results, strict=False):
            known[value] = room.taken(made)

    def _function(self, node: Node, name: str, kwargs: dict[str, Any]) -> Any:
        """The function that computes the operation. Raises ReplayError for one not listed."""
        home = node.op.rsplit(".", 1)[0] if "." in node.op else ""
        kwargs.pop("inplace", None)
        kwargs.pop("out", None)
        inplace = name.rstrip("_") if name.endswith("_") and not name.endswith("__") else name
        if name.startswith("__i") and name.endswith("__") and f"__{name[3:]}" in _TENSOR:
            inplace = f"__{name[3:]}"
        if home == "F" and inplace in _FUNCTIONAL:
            return getattr(torch.nn.functional, inplace)
        if home == "torch" and (inplace in _TENSOR or inplace in _FUNCTIONAL):
            place = torch if hasattr(torch, inplace) else torch.nn.functional
            return getattr(place, inplace)
        if inplace in _TENSOR:
            owner: Any = torch.Tensor if hasattr(torch.Tensor, inplace) else torch
            return getattr(owner, inplace)
        if inplace in _FUNCTIONAL:
            return getattr(torch.nn.functional, inplace)
        raise ReplayError(f"the operation {node.op} is not known here")

    def _decode(self, thing: Any, known: Mapping[int, torch.Tensor]) -> Any:
        if isinstance(thing, list):
            return [self._decode(x, known) for x in thing]
        if not isinstance(thing, dict):
            return thing
        if isinstance(thing.get("t"), int):
            return known[thing["t"]]
        (kind, content), *rest = thing.items()
        if rest:
            raise ReplayError("an argument of unknown form")
        if kind == "float":
            return float(content)
        if kind == "ellipsis":
            return Ellipsis
        if kind == "slice":
            return slice(*(self._decode(x, known) for x in content))
        if kind == "tuple":
            return tuple(self._decode(x, known) for x in content)
        if kind == "list":
            return [self._decode(x, known) for x in content]
        if kind == "dict":
            return {k: self._decode(v, known) for k, v in content.items()}
        if kind == "dtype":
            return _dtype(str(content))
        if kind == "device":
            return torch.device("cpu")
        raise ReplayError(f"an argument of unknown form: {kind}")


def _probability(args: list[Any], kwargs: Mapping[str, Any]) -> float:
    """Of a dropout; 0.5 is torch's own."""
    given = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
    return float(given) if isinstance(given, (int, float)) else 0.5


def _dtype(name: str) -> torch.dtype:
    if name in _FLOATS:
        return torch.float64
    if name in ("int64", "int32", "int16", "int8", "uint8", "bool"):
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    raise ReplayError(f"unknown type {name}")


def _target_type(node: Node, name: str) -> torch.dtype | None:
    """The type a cast leads to; None for a move to a device."""
    if name in ("float", "double", "half", "bfloat16"):
        return torch.float64
    for argument in [*node.args[1:], *node.named.values()]:
        if isinstance(argument, dict) and "dtype" in argument:
            return _dtype(str(argument["dtype"]))
    return None

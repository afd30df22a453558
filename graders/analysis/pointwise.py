"""Which function of single values is this? Measured on numbers, whatever it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - as everyone writes it

from graders.analysis.network import Network
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.stations import Edge
from graders.evidence.reading import Blobs

POINTS = torch.linspace(-8, 8, 65, dtype=torch.float64)
NEAR = 1e-4

UNKNOWN = "?"  # it cannot be computed again
OTHER = "other"  # a function without a name here
ZERO = "zero"
AFFINE = "affine"
PER_CHANNEL = "per channel"  # affine, and not the same for all channels: a bias or gain by hand

_NAMED: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    ZERO: torch.zeros_like,
    "SiLU": F.silu,
    "ReLU": F.relu,
    "GELU": F.gelu,
    "GELU (tanh)": lambda x: F.gelu(x, approximate="tanh"),
    "Hard-Swish": F.hardswish,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Mish": F.mish,
    "Softplus": F.softplus,
    "ELU": F.elu,
    "SELU": F.selu,
    "ReLU6": F.relu6,
    "LeakyReLU": F.leaky_relu,
    "LeakyReLU (0.1)": lambda x: F.leaky_relu(x, 0.1),
    "LeakyReLU (0.2)": lambda x: F.leaky_relu(x, 0.2),
    "LeakyReLU (0.3)": lambda x: F.leaky_relu(x, 0.3),
    "quick GELU": lambda x: x * torch.sigmoid(1.702 * x),
}


class Functions:
    """What the edges of one network compute."""

    def __init__(self, network: Network, blobs: Blobs) -> None:
        self._network = network
        self._replay = Replay(network, blobs)
        self._known: dict[Edge, str] = {}

    def name(self, edge: Edge) -> str:
        """A name (SiLU, ReLU, identity), or one of the constants above."""
        if edge.root == edge.value:
            return "identity"
        if edge not in self._known:
            self._known[edge] = self._measured(edge)
        return self._known[edge]

    def is_activation(self, edge: Edge) -> bool | None:
        """True for a function that is not linear; None when it cannot be told."""
        name = self.name(edge)
        if name == UNKNOWN:
            return None
        return name not in ("identity", ZERO, AFFINE, PER_CHANNEL)

    def joined(self, end: int, edges: Sequence[Edge]) -> tuple[float, ...] | None:
        """Factors with which a sum takes what the edges bring; None when it is no such sum, or
        cannot be computed again."""
        numbers = torch.randn(
            (len(edges) + 1, len(POINTS)),
            generator=torch.Generator().manual_seed(1),
            dtype=torch.float64,
        )
        given = {edge.value: numbers[i] for i, edge in enumerate(edges)}
        made = self._rows(end, given)
        if made is None or made.ndim > 1:
            return None
        terms = torch.stack(list(given.values()), dim=1)
        factors = torch.linalg.lstsq(terms, made[:, None]).solution[:, 0]
        if float((terms @ factors - made).abs().max()) > NEAR:
            return None
        return tuple(round(float(f), 6) for f in factors)

    def _measured(self, edge: Edge) -> str:
        made = self._rows(edge.value, {edge.root: POINTS})
        if made is None:
            return UNKNOWN
        if made.ndim > 1:
            return PER_CHANNEL if _is_line(made) else OTHER
        for name, function in _NAMED.items():
            if float((function(POINTS) - made).abs().max()) <= NEAR:
                return name
        return AFFINE if _is_line(made[:, None]) else OTHER

    def _rows(self, value: int, given: dict[int, Tensor]) -> Tensor | None:
        """What becomes of numbers (n): n results, n x places when they differ from place to place,
        None when it cannot be computed again."""
        count = len(next(iter(given.values())))
        axes = {v: len(self._network.shape(v)) for v in given}
        small = {v: x.reshape(-1, *(1,) * (axes[v] - 1)) for v, x in given.items()}
        made = self._computed(value, small, count)
        if made is not None:
            return made
        # sizes are written out in the network: as many rows and places as it was given
        rows = max((self._network.shape(v) or (1,))[0] for v in given)
        parts = []
        for start in range(0, count, rows):
            taken = torch.arange(start, start + rows) % count
            full = {
                v: x[taken]
                .reshape(-1, *(1,) * (axes[v] - 1))
                .expand(rows, *self._network.shape(v)[1:])
                for v, x in given.items()
            }
            part = self._computed(value, full, rows)
            if part is None:
                return None
            parts.append(part)
        if len({part.ndim for part in parts}) > 1:
            return None
        return torch.cat(parts)[:count]

    def _computed(self, value: int, given: dict[int, Tensor], rows: int) -> Tensor | None:
        try:
            with torch.no_grad():
                (made,) = self._replay.compute([value], given)
        except ReplayError:
            return None
        if made.ndim == 0 or len(made) != rows or not made.is_floating_point():
            return None
        flat = made.reshape(rows, -1)
        first = flat[:, 0]
        alike = bool(torch.isclose(flat, first[:, None], rtol=0, atol=1e-9, equal_nan=True).all())
        return first if alike else flat


def _is_line(made: Tensor) -> bool:
    """True when every column (n x places) is an affine function of the points."""
    line = torch.stack([POINTS, torch.ones_like(POINTS)], dim=1)
    fitted = line @ torch.linalg.lstsq(line, made).solution
    return float((fitted - made).abs().max()) <= NEAR * max(1.0, float(made.abs().max()))

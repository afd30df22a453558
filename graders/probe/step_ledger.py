"""What happened inside a compiled function? It keeps a ledger, which is read after the call.

Python runs only while TensorFlow traces a function. So a few assignments to variables of ours are
put into the traced graph, beside the gradient that it computes: how often, on how many rows, with
which loss, and some of the rows themselves. They use no random state of the notebook's, cost some
microseconds a step and can be compiled by XLA.
"""

from __future__ import annotations

import math
from secrets import randbelow
from typing import Any, NamedTuple

from .looks import by_lot, milestone

RING = 4096  # losses kept between two readings
ROWS = 32  # of a batch whose size is not known while tracing, or of one inside a compiled loop
MAX_HELD = 4 * 2**20  # bytes of a batch that is held whole
LOTS = 16  # places for rows of batches drawn by lot
MILESTONES = RING.bit_length()
MAX_BANK = 8 * 2**20  # bytes of all rows


class Reading(NamedTuple):
    """What is new since the last reading: passes, rows they were given, the latest losses."""

    passes: int
    rows: int
    losses: list[float]


class Ledger:
    """The variables of one traced gradient. Made while its function is traced, in its graph."""

    def __init__(self, tf: Any, loss: Any, given: Any, leaves: list[Any]) -> None:
        """`loss` is what is differentiated; `given` the batch (or None) that the network got;
        `leaves` are other values to keep as they were in a late pass."""
        self._tf, self._raw = tf, tf.raw_ops
        self._seen = self._rows = self._since = 0
        self._held: list[_Kept | None] = [None] * len(leaves)
        self._batch: _Kept | None = None
        self._bank: _Bank | None = None
        graph = tf.compat.v1.get_default_graph()
        looped = getattr(graph.outer_graph, "building_function", False)
        with tf.init_scope():
            self.handle = self.variable(0, tf.int64)  # passes
            self._ring = self.variable([0.0] * RING, tf.float32)
        place = self.value(self.handle, tf.int64) % RING
        self._raw.ResourceScatterUpdate(
            resource=self._ring, indices=place, updates=_as_number(tf, loss)
        )
        self._raw.AssignAddVariableOp(resource=self.handle, value=tf.constant(1, tf.int64))
        self._fixed, self._total = self._count_rows(given)
        if all(t is None or _is_small(t) for t in [given, *leaves]) and not looped:
            if given is not None and can_be_kept(given):
                self._batch = _Kept(self, given)
            self._held = [_Kept(self, t) if can_be_kept(t) else None for t in leaves]
        else:
            self._bank = _Bank(self, place, given, leaves)

    def _count_rows(self, given: Any) -> tuple[int, Any]:
        """(rows of each pass, None) where that is known, else (0, a variable that adds them up)."""
        if given is None or not given.shape.rank:
            return 0, None
        if given.shape[0] is not None:
            return int(given.shape[0]), None
        total = self.zeros([], self._tf.int64)
        rows = self._tf.shape(given, out_type=self._tf.int64)[0]
        self._raw.AssignAddVariableOp(resource=total, value=rows)
        return 0, total

    # -- read by the host --------------------------------------------------------------------
    def start(self) -> None:
        """What it tells from here on is new."""
        self.read()
        self._since = self._seen

    def read(self) -> Reading:
        """What is new since it was last read."""
        tf = self._tf
        count = int(self.value(self.handle, tf.int64).numpy())
        new = count - self._seen
        if not new:
            return Reading(0, 0, [])
        more = new * self._fixed
        if self._total is not None:
            rows = int(self.value(self._total, tf.int64).numpy())
            more, self._rows = rows - self._rows, rows
        losses = latest(self.value(self._ring, tf.float32).numpy(), self._seen, count)
        self._seen = count
        return Reading(new, more, losses)

    def leaves(self) -> list[Any]:
        """The leaves' values in one late pass; None for those that cannot be kept."""
        if self._bank is not None:
            return [kept and kept.read() for kept in self._bank.leaves]
        return [kept and kept.read() for kept in self._held]

    def batch(self) -> Any:
        """The latest batch, None when only some are banked."""
        return self._batch.read() if self._batch is not None else None

    def banked(self) -> list[Any]:
        """Rows of some batches since the start, in the order in which they came."""
        return self._bank.read(self._since) if self._bank is not None else []

    # -- variables of ours -------------------------------------------------------------------
    def variable(self, value: Any, dtype: Any) -> Any:
        """A variable without a name that no `tf.function` takes for its own. In eager mode."""
        from tensorflow.python.eager import context

        tensor = self._tf.constant(value, dtype)
        handle = self._raw.VarHandleOp(
            dtype=dtype, shape=tensor.shape, shared_name=context.anonymous_name()
        )
        self._raw.AssignVariableOp(resource=handle, value=tensor)
        return handle

    def zeros(self, shape: list[int], dtype: Any) -> Any:
        """A variable of zeros, made outside of the graph that is being traced."""
        tf = self._tf
        with tf.init_scope():
            return self.variable(tf.zeros(shape, dtype), dtype)

    def value(self, handle: Any, dtype: Any) -> Any:
        return self._raw.ReadVariableOp(resource=handle, dtype=dtype)


class _Kept:
    """A tensor's value in the latest pass: whole, which only refers to it, or its first rows."""

    def __init__(self, ledger: Ledger, tensor: Any, handle: Any = None) -> None:
        """With a handle the variable was made before."""
        self._ledger, self._dtype = ledger, tensor.dtype
        self.handle = ledger.zeros(kept_shape(tensor), tensor.dtype) if handle is None else handle
        if handle is None:
            self.write(tensor)

    def write(self, tensor: Any) -> None:
        value = tensor if _is_small(tensor) else first_rows(self._ledger._tf, tensor)
        self._ledger._raw.AssignVariableOp(resource=self.handle, value=value)

    def read(self) -> Any:
        return self._ledger.value(self.handle, self._dtype).numpy()


class _Bank:
    """Rows of some batches: of passes 0, 1, 2, 4, ... and of ones by lot; the leaves of the last
    of them. Which, was drawn when the function was traced; the other passes only ask."""

    def __init__(self, ledger: Ledger, place: Any, given: Any, leaves: list[Any]) -> None:
        tf, raw = ledger._tf, ledger._raw
        self._ledger = ledger
        self._places = MILESTONES + LOTS
        places = tf.gather(tf.constant(drawn_places(RING), tf.int64), place)
        self.leaves = [
            _Kept(ledger, t, ledger.zeros(kept_shape(t), t.dtype)) if can_be_kept(t) else None
            for t in leaves
        ]
        self._handle = None
        if given is not None and given.shape.rank and can_be_kept(given):
            self._dtype = given.dtype
            shape = given.shape.as_list()[1:]
            size = max(math.prod(shape) * given.dtype.size, 1)
            self.kept = max(1, min(ROWS, MAX_BANK // (self._places * size)))
            self._handle = ledger.zeros([self._places, self.kept, *shape], given.dtype)
            self._notes = ledger.zeros([self._places, 2], tf.int64)  # the pass from 1, its rows

        def note() -> Any:
            for kept, tensor in zip(self.leaves, leaves, strict=True):
                if kept is not None:
                    kept.write(tensor)
            if self._handle is not None:
                rows = first_rows(tf, given, self.kept)
                raw.ResourceScatterUpdate(resource=self._handle, indices=places, updates=rows)
                count = tf.shape(given, out_type=tf.int64)[0]
                noted = tf.stack([ledger.value(ledger.handle, tf.int64), count])
                raw.ResourceScatterUpdate(resource=self._notes, indices=places, updates=noted)
            return tf.constant(True)

        tf.cond(places < self._places, note, lambda: tf.constant(False))

    def read(self, since: int) -> list[Any]:
        if self._handle is None:
            return []
        notes = self._ledger.value(self._notes, self._ledger._tf.int64).numpy()
        held = self._ledger.value(self._handle, self._dtype).numpy()
        order = sorted(range(len(notes)), key=lambda place: int(notes[place, 0]))
        return [held[p, : int(notes[p, 1])] for p in order if notes[p, 0] > since]


def drawn_places(count: int) -> list[int]:
    """For each pass the place of a bank where its rows go; past the last place, nowhere."""
    found = []
    for number in range(count):
        if milestone(number):
            found.append(number.bit_length())
        elif by_lot(number):
            found.append(MILESTONES + randbelow(LOTS))
        else:
            found.append(MILESTONES + LOTS)
    return found


def can_be_kept(tensor: Any) -> bool:
    """Numbers, of a known form apart from the number of rows."""
    shape = tensor.shape
    if shape.rank is None or any(n is None for n in shape.as_list()[1:]):
        return False
    number = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
    return bool(number) and not tensor.dtype.is_quantized


def _is_small(tensor: Any) -> bool:
    """Of a known form and size: the whole of it can be kept."""
    known = tensor.shape.is_fully_defined()
    return bool(known and tensor.shape.num_elements() * tensor.dtype.size <= MAX_HELD)


def kept_shape(tensor: Any) -> list[int]:
    """The form of what is kept of it."""
    shape: list[int] = tensor.shape.as_list()
    return shape if _is_small(tensor) or not shape else [ROWS, *shape[1:]]


def first_rows(tf: Any, tensor: Any, count: int = ROWS) -> Any:
    """So many rows, from the beginning again where there are fewer; its form is then known."""
    rows = tf.maximum(tf.shape(tensor, out_type=tf.int64)[0], 1)
    return tf.gather(tensor, tf.range(count, dtype=tf.int64) % rows)


def _as_number(tf: Any, loss: Any) -> Any:
    """The mean of a loss, as float32."""
    number = loss if loss.dtype == tf.float32 else tf.cast(loss, tf.float32)
    return number if number.shape.rank == 0 else tf.reduce_mean(number)


def latest(ring: Any, seen: int, count: int) -> list[float]:
    """The entries written since `seen` of `count` were known, oldest first; at most all of it."""
    size = len(ring)
    return [float(ring[i % size]) for i in range(max(seen, count - size), count)]

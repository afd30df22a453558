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

from .looks import EARLY, OFTEN

RING = 4096  # losses kept between two readings
ROWS = 32  # of a batch whose size is not known while tracing, or of one inside a compiled loop
MAX_HELD = 4 * 2**20  # bytes of a batch that is held whole
MILESTONES, LOTS = 16, 16  # places for rows of a compiled loop's batches
MAX_BANK = 8 * 2**20  # bytes of all of them


class Reading(NamedTuple):
    """What is new since the last reading: passes, rows they were given, the latest losses."""

    passes: int
    rows: int
    losses: list[float]


class Ledger:
    """The variables of one traced gradient. Made while its function is traced, in its graph."""

    def __init__(self, tf: Any, loss: Any, given: Any, leaves: list[Any]) -> None:
        """`loss` is what is differentiated; `given` the batch (or None) that the network got;
        `leaves` are other values to keep as they were in the latest pass."""
        self._tf, self._raw = tf, tf.raw_ops
        self._seen = self._rows = self._since = 0
        graph = tf.compat.v1.get_default_graph()
        looped = getattr(graph.outer_graph, "building_function", False)
        with tf.init_scope():
            self.handle = self._variable([0, 0], tf.int64)  # passes, rows
            self._ring = self._variable([0.0] * RING, tf.float32)
        state = self._raw.ReadVariableOp(resource=self.handle, dtype=tf.int64)
        count = state[0]
        self._raw.ResourceScatterUpdate(
            resource=self._ring,
            indices=count % RING,
            updates=tf.reduce_mean(tf.cast(loss, tf.float32)),
        )
        self._held = [_Held(self, leaf) if can_be_kept(leaf) else None for leaf in leaves]
        self._bank = self._latest = None
        rows: Any = 0
        if given is not None and given.shape.rank:
            rows = tf.shape(given, out_type=tf.int64)[0]
            if looped and can_be_kept(given):
                self._bank = _Bank(self, given, count, rows)
            elif can_be_kept(given):
                self._latest = _Held(self, given)
        self._raw.AssignAddVariableOp(
            resource=self.handle,
            value=tf.stack([tf.constant(1, tf.int64), tf.cast(rows, tf.int64)]),
        )

    # -- read by the host --------------------------------------------------------------------
    def start(self) -> None:
        """What it tells from here on is new."""
        self.read()
        self._since = self._seen

    def read(self) -> Reading:
        """What is new since it was last read."""
        count, rows = (int(n) for n in self._value(self.handle, self._tf.int64))
        new, more = count - self._seen, rows - self._rows
        losses = latest(self._value(self._ring, self._tf.float32), self._seen, count) if new else []
        self._seen, self._rows = count, rows
        return Reading(new, more, losses)

    def leaves(self) -> list[Any]:
        """The leaves' values in the latest pass; None for those that cannot be kept."""
        return [held and held.read() for held in self._held]

    def batch(self) -> Any:
        """Rows of the latest batch, None when they are not kept or banked."""
        return self._latest.read() if self._latest is not None else None

    def banked(self) -> list[Any]:
        """Rows of batches inside a compiled loop, in the order in which they came."""
        return self._bank.read(self._since) if self._bank is not None else []

    # -- variables of ours -------------------------------------------------------------------
    def _variable(self, value: Any, dtype: Any, shape: Any = None) -> Any:
        """A variable without a name that no `tf.function` takes for its own. In eager mode."""
        from tensorflow.python.eager import context

        tensor = self._tf.constant(value, dtype)
        handle = self._raw.VarHandleOp(
            dtype=dtype,
            shape=tensor.shape if shape is None else shape,
            shared_name=context.anonymous_name(),
        )
        self._raw.AssignVariableOp(resource=handle, value=tensor)
        return handle

    def _zeros(self, shape: list[int], dtype: Any) -> Any:
        tf = self._tf
        with tf.init_scope():
            return self._variable(tf.zeros(shape, dtype), dtype)

    def _value(self, handle: Any, dtype: Any) -> Any:
        return self._raw.ReadVariableOp(resource=handle, dtype=dtype).numpy()


class _Held:
    """A tensor's value in the latest pass: whole, which only refers to it, or its first rows."""

    def __init__(self, ledger: Ledger, tensor: Any) -> None:
        tf = ledger._tf
        self._ledger, self._dtype = ledger, tensor.dtype
        self._rows: Any = None
        known = tensor.shape.is_fully_defined()
        if known and tensor.shape.num_elements() * tensor.dtype.size <= MAX_HELD:
            self._handle = ledger._zeros(tensor.shape.as_list(), tensor.dtype)
        else:
            shape = [ROWS, *tensor.shape.as_list()[1:]]
            self._handle = ledger._zeros(shape, tensor.dtype)
            self._rows = ledger._zeros([], tf.int64)
            count = tf.shape(tensor, out_type=tf.int64)[0]
            ledger._raw.AssignVariableOp(resource=self._rows, value=count)
            tensor = first_rows(tf, tensor, count, ROWS)
        ledger._raw.AssignVariableOp(resource=self._handle, value=tensor)

    def read(self) -> Any:
        value = self._ledger._value(self._handle, self._dtype)
        if self._rows is None:
            return value
        return value[: int(self._ledger._value(self._rows, self._ledger._tf.int64))]


class _Bank:
    """Rows of some batches of a compiled loop: of passes 0, 1, 2, 4, ... and of ones by lot.

    The other passes write to a place that is not read: cheaper than asking, and XLA compiles it.
    """

    def __init__(self, ledger: Ledger, given: Any, count: Any, rows: Any) -> None:
        tf, raw = ledger._tf, ledger._raw
        self._ledger, self._dtype = ledger, given.dtype
        places = MILESTONES + LOTS + 1
        shape = given.shape.as_list()[1:]
        size = math.prod(shape) * given.dtype.size
        self.kept = max(1, min(ROWS, MAX_BANK // (places * max(size, 1))))
        self._handle = ledger._zeros([places, self.kept, *shape], given.dtype)
        self._notes = ledger._zeros([places, 2], tf.int64)  # number of the pass from 1, its rows
        powers = tf.constant([2**k for k in range(MILESTONES - 1)], tf.int64)
        milestone = tf.equal(tf.bitwise.bitwise_and(count, count - 1), 0)
        seed = tf.stack([tf.constant(randbelow(2**62), tf.int64), count])
        drawn = tf.random.stateless_uniform([2], seed)
        lot = drawn[0] * tf.cast(EARLY + count, tf.float32) < OFTEN
        by_lot = MILESTONES + tf.cast(drawn[1] * LOTS, tf.int64)
        reached = tf.reduce_sum(tf.cast(count >= powers, tf.int64))
        place = tf.where(milestone, reached, tf.where(lot, by_lot, MILESTONES + LOTS))
        kept = first_rows(tf, given, rows, self.kept)
        raw.ResourceScatterUpdate(resource=self._handle, indices=place, updates=kept)
        note = tf.stack([count + 1, tf.cast(rows, tf.int64)])
        raw.ResourceScatterUpdate(resource=self._notes, indices=place, updates=note)

    def read(self, since: int) -> list[Any]:
        notes = self._ledger._value(self._notes, self._ledger._tf.int64)[:-1]
        held = self._ledger._value(self._handle, self._dtype)
        order = sorted(range(len(notes)), key=lambda place: int(notes[place, 0]))
        return [held[p, : int(notes[p, 1])] for p in order if notes[p, 0] > since]


def can_be_kept(tensor: Any) -> bool:
    """Numbers, of a known form apart from the number of rows."""
    shape = tensor.shape
    if shape.rank is None or any(n is None for n in shape.as_list()[1:]):
        return False
    number = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
    return bool(number) and not tensor.dtype.is_quantized


def first_rows(tf: Any, tensor: Any, rows: Any, count: int) -> Any:
    """So many rows, from the beginning again where there are fewer; its form is then known."""
    index = tf.range(count, dtype=tf.int64) % tf.maximum(tf.cast(rows, tf.int64), 1)
    return tf.gather(tensor, index)


def latest(ring: Any, seen: int, count: int) -> list[float]:
    """The entries written since `seen` of `count` were known, oldest first; at most all of it."""
    size = len(ring)
    return [float(ring[i % size]) for i in range(max(seen, count - size), count)]

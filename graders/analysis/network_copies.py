"""In which of its copies did a network hold most of the pretrained arrays?

A copy is the network at a moment, or another model (or a collection of weights) whose tensors have
the same names: the network with another last layer, say, that was never drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graders.analysis.array_places import Keys, misplaced
from graders.analysis.conv_nets import ConvNet
from graders.analysis.pretrained import PretrainedBook
from graders.analysis.tensor_places import TensorPlace, tensor_places
from graders.evidence.model import Evidence, State

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Copy:
    """Digests by identity of the tensor in the network as drawn. `shapes` are those that differ
    from it; `state` has all tensors of another model."""

    contents: Mapping[int, str]
    shapes: Mapping[int, Shape] = field(default_factory=dict)
    state: State | None = None


@dataclass(frozen=True)
class Loaded:
    """The copy that held most of the arrays: which keys each place holds, and those missing."""

    net: ConvNet
    copy: Copy
    keys: Keys
    missing: tuple[str, ...]


def best_loaded(nets: Sequence[ConvNet], book: PretrainedBook, evidence: Evidence) -> Loaded | None:
    """The network and its copy with most of the arrays, each in its place; the last of several."""
    best: tuple[tuple[int, bool, int, int], Loaded] | None = None
    for net in nets:
        places = tensor_places(net)
        for copy in _copies(evidence, net, places):
            keys = tuple((p, book.keys_of(copy.contents.get(p.leaf.uid, ""))) for p in places)
            held = {key for _place, found in keys for key in found}
            missing = tuple(key for key in book.pretrained.arrays if key not in held)
            # the network's own tensors before those of a namesake
            rank = (-len(missing), not misplaced(book, keys), copy.state is None, len(places))
            if best is None or rank >= best[0]:
                best = rank, Loaded(net, copy, keys, missing)
    return best[1] if best is not None else None


def _copies(evidence: Evidence, net: ConvNet, places: Sequence[TensorPlace]) -> Iterator[Copy]:
    yield from map(Copy, _moments(evidence, net))
    names = {e.uid: e.name for s in evidence.states for e in s.entries if e.uid in net.uids}
    wanted = {p.leaf.uid: names.get(p.leaf.uid, p.leaf.name) for p in places}
    if not all(wanted.values()):
        return
    forms = {p.leaf.uid: p.shape for p in places}
    for state in evidence.states:
        entries = {e.name: e for e in state.entries}
        if state.model == net.model or not entries.keys() >= set(wanted.values()):
            continue
        same = {uid: entries[name] for uid, name in wanted.items()}
        shapes = {uid: e.shape for uid, e in same.items() if e.shape != forms[uid]}
        if all(len(shape) == len(forms[uid]) for uid, shape in shapes.items()):
            yield Copy({uid: e.digest for uid, e in same.items()}, shapes, state)


def _moments(evidence: Evidence, net: ConvNet) -> Iterator[Mapping[int, str]]:
    """What the network's tensors held: as drawn, in each state seen, when each run began. Before
    it was first seen, a tensor held what it held then."""
    drawn = {leaf.uid: leaf.digest for leaf in net.network.leaves.values()}
    timed = [(net.graph.moment, drawn)]
    timed += [(s.moment, {e.uid: e.digest for e in s.entries}) for s in evidence.states]
    timed += [(r.moment, {x.uid: x.start for x in r.reached}) for r in evidence.training]
    timed.sort(key=lambda item: item[0])
    now: dict[int, str] = {}
    for _moment, contents in timed:
        for uid, digest in contents.items():
            if uid in net.uids:
                now.setdefault(uid, digest)
    seen: set[tuple[tuple[int, str], ...]] = set()
    for _moment, contents in timed:
        now = now | {uid: digest for uid, digest in contents.items() if uid in net.uids}
        mark = tuple(sorted(now.items()))
        if mark not in seen:
            seen.add(mark)
            yield now

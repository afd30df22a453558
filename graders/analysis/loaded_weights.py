"""Are the pretrained weights in the network, each where it belongs?

An array belongs to a kind of place (a gamma is no beta) and, among places of one kind and form, to
the one that its turn in the file says: as it is written, as text sorts or as a person counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graders.analysis.conv_nets import ConvNet
from graders.analysis.judged_blocks import cells_of, nothing_seen
from graders.analysis.pretrained import PretrainedBook
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.tensor_places import TensorPlace, tensor_places
from graders.evidence.model import Evidence
from graders.language import _, ngettext

SHOWN = 4  # arrays named in a message
Contents = Mapping[int, str]  # digest by identity of the tensor


@dataclass(frozen=True)
class Loaded:
    """The network at the moment when it held most of the arrays: which keys each place holds."""

    net: ConvNet
    keys: tuple[tuple[TensorPlace, tuple[str, ...]], ...]
    missing: tuple[str, ...]


def loaded(reading: Reading) -> Answer:
    """Whether all arrays of the weights file were in the network, each in its place."""
    book = reading.pretrained
    if book is None:
        return Answer(None, _("there is no file of pretrained weights to compare with"))
    best = best_loaded(reading, book)
    if best is None:
        return nothing_seen(reading) or Answer(None, "")
    count = len(book.pretrained.arrays)
    cells = cells_of(reading)
    if best.missing:
        return Answer(_all_but(reading, book, best), _missing(best, count), cells)
    fault = misplaced(book, best.keys)
    if fault:
        return Answer(False, fault, cells)
    words = _("all {n} arrays of the weights file are in the network").format(n=count)
    return Answer(True, words, cells)


def _missing(best: Loaded, count: int) -> str:
    names = ", ".join(best.missing[:SHOWN]) + (", …" if len(best.missing) > SHOWN else "")
    if len(best.missing) == count:
        return _("none of the {n} arrays of the weights file is in the network").format(n=count)
    return ngettext(
        "{missing} of {n} arrays of the weights file is not in the network: {names}",
        "{missing} of {n} arrays of the weights file are not in the network: {names}",
        len(best.missing),
    ).format(missing=len(best.missing), n=count, names=names)


def _all_but(reading: Reading, book: PretrainedBook, best: Loaded) -> bool | None:
    """None when what is missing may have been there unseen: moving statistics that a training
    moved before anybody looked, or a whole network that was never drawn."""
    parts = {book.pretrained.part(key) for key in best.missing}
    trained = {r.uid for run in reading.evidence.training for r in run.reached}
    if parts <= {"mean", "variance"} and trained & best.net.uids:
        return None
    whole = len(book.pretrained.arrays)
    if any(len(book.held(e.digest for e in s.entries)) == whole for s in reading.evidence.states):
        return None
    return False


def best_loaded(reading: Reading, book: PretrainedBook) -> Loaded | None:
    """The network and moment with most of the arrays; the last of several."""
    best: Loaded | None = None
    for net in reading.conv_nets:
        places = tensor_places(net)
        for contents in _moments(reading.evidence, net):
            keys = tuple((p, book.keys_of(contents.get(p.leaf.uid, ""))) for p in places)
            held = {key for _place, found in keys for key in found}
            missing = tuple(key for key in book.pretrained.arrays if key not in held)
            if best is None or len(missing) <= len(best.missing):
                better = best is None or len(missing) < len(best.missing)
                if better or not misplaced(book, keys):
                    best = Loaded(net, keys, missing)
    return best


def _moments(evidence: Evidence, net: ConvNet) -> Iterator[Contents]:
    """What the network's tensors held: as drawn, in each state seen, when each run began."""
    seen: set[tuple[tuple[int, str], ...]] = set()
    drawn = {leaf.uid: leaf.digest for leaf in net.network.leaves.values()}
    timed: list[tuple[int, Contents]] = [(net.graph.moment, drawn)]
    for state in evidence.states:
        timed.append((state.moment, {e.uid: e.digest for e in state.entries}))
    for run in evidence.training:
        timed.append((run.moment, {r.uid: r.start for r in run.reached}))
    now: dict[int, str] = {}
    for _moment, contents in sorted(timed, key=lambda item: item[0]):
        changed = {uid: digest for uid, digest in contents.items() if uid in net.uids}
        now |= changed
        mark = tuple(sorted(now.items()))
        if changed and mark not in seen:
            seen.add(mark)
            yield dict(now)


# -- each in its place ----------------------------------------------------------------------
def misplaced(book: PretrainedBook, keys: Sequence[tuple[TensorPlace, tuple[str, ...]]]) -> str:
    """Which array lies where it does not belong, in words; "" when each lies in its place."""
    fitting = []
    for place, found in keys:
        right = tuple(k for k in found if book.pretrained.part(k) in (place.part, None))
        if found and not right:
            return _("{key} lies in the place of a {part} ({place})").format(
                key=found[0], part=place.part, place=place.words
            )
        fitting.append((place, right))
    faults = [_out_of_turn(order, fitting) for order in book.pretrained.orders]
    return "" if "" in faults else faults[-1]


def _out_of_turn(
    order: Mapping[str, int], keys: Sequence[tuple[TensorPlace, tuple[str, ...]]]
) -> str:
    """The first array that lies before one that comes earlier in the file."""
    groups: dict[tuple[str, tuple[int, ...]], list[tuple[TensorPlace, tuple[str, ...]]]] = {}
    for place, found in keys:
        if found:
            groups.setdefault((place.part, place.shape), []).append((place, found))
    for group in groups.values():
        used = sorted({key for _place, found in group for key in found}, key=order.__getitem__)
        last = -1
        for number, (place, found) in enumerate(group):
            later = [order[key] for key in found if order[key] > last]
            if not later or (len(used) == len(group) and used[number] not in found):
                return _("{key} lies in the place of {other} ({place})").format(
                    key=found[0], other=used[min(number, len(used) - 1)], place=place.words
                )
            last = min(later)
    return ""

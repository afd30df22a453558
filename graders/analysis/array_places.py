"""Which of the pretrained arrays lies where it does not belong?

An array belongs to a kind of place (a gamma is no beta) and, among places of one kind and form, to
the one that its turn in the file says: as it is written, as text sorts or as a person counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graders.analysis.pretrained import PretrainedBook
from graders.analysis.tensor_places import TensorPlace
from graders.language import _

Keys = Sequence[tuple[TensorPlace, tuple[str, ...]]]  # of the arrays that each place holds


def misplaced(book: PretrainedBook, keys: Keys) -> str:
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

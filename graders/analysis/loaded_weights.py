"""Are the pretrained weights in the network, all of them, each where it belongs?"""

from __future__ import annotations

from graders.analysis.array_places import misplaced
from graders.analysis.judged_blocks import cells_of, nothing_seen
from graders.analysis.network_copies import Loaded
from graders.analysis.pretrained import PretrainedBook
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _, ngettext

SHOWN = 4  # arrays named in a message


def loaded(reading: Reading) -> Answer:
    """Whether all arrays of the weights file were in the network, each in its place."""
    book = reading.pretrained
    if book is None:
        return Answer(None, _("there is no file of pretrained weights to compare with"))
    best = reading.loaded
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
    """None when all of it may have been in a network that was never drawn: one that no module
    holds, or another module's."""
    modules = {m.uid for m in reading.evidence.models if m.kind == "module"}
    drawn = {net.model for net in reading.conv_nets}
    whole = len(book.pretrained.arrays)
    for state in reading.evidence.states:
        unseen = best.net.model is None or state.model in modules - drawn
        if unseen and len(book.held(e.digest for e in state.entries)) == whole:
            return None
    return False

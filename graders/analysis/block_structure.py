"""Are the residual blocks those that the assignment draws, on both ways?

The block: normalisation, activation, convolution 3x3 (in to out, with the stride), normalisation,
activation, convolution 3x3 (out to out); the input is added, through a convolution 1x1 only when
the numbers of channels differ.
"""

from __future__ import annotations

from graders.analysis.judged_blocks import (
    Found,
    blocks_of,
    cells_of,
    cut,
    loose_ends,
    no_blocks,
    nothing_seen,
)
from graders.analysis.picture_blocks import main_pattern, skip_pattern
from graders.analysis.pointwise import PER_CHANNEL, UNKNOWN, ZERO
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _, ngettext

PATTERN = ("norm", "activation", "conv", "norm", "activation", "conv")


def structure(reading: Reading) -> Answer:
    """Whether every block is the one of the assignment, its skip aside."""
    found = blocks_of(reading)
    if not found:
        return nothing_seen(reading) or no_blocks(reading)
    wrong: list[Found] = []
    unclear: list[Found] = []
    for block in found:
        holds = _is_the_block(block)
        if holds is not True:
            (unclear if holds is None else wrong).append(block)
    cells = cells_of(reading)
    if wrong or unclear:
        shown = "; ".join(dict.fromkeys(b.words for b in (wrong or unclear)))
        words = ngettext(
            "{n} of {all} residual blocks is another one: {shown}",
            "{n} of {all} residual blocks are other ones: {shown}",
            len(wrong or unclear),
        ).format(n=len(wrong or unclear), all=len(found), shown=cut(shown))
        return Answer(False if wrong else None, words, cells)
    words = ngettext(
        "{n} residual block: {shown}", "{n} residual blocks: {shown}", len(found)
    ).format(n=len(found), shown=found[0].words)
    loose = loose_ends(found)
    return Answer(None, f"{words}; {loose}", cells) if loose else Answer(True, words, cells)


def _is_the_block(found: Found) -> bool | None:
    pattern = main_pattern(found.block, found.net.stations, found.net.functions)
    unclear = UNKNOWN in pattern or "other" in pattern
    readings = (
        tuple("activation" if p in (UNKNOWN, "other") else p for p in pattern),
        tuple(p for p in pattern if p not in (UNKNOWN, "other")),
    )
    if PATTERN not in readings:
        return False
    factors = found.net.functions.joined(
        found.block.end, (found.block.main_end, found.block.skip_end)
    )
    one, two = found.convs
    if not (one.kernel == two.kernel == (3, 3) and one.plain and two.plain):
        return False
    if one.out != two.out or (factors is not None and factors != (1.0, 1.0)):
        return False
    return None if unclear or factors is None else True


def skips(reading: Reading) -> Answer | None:
    """Whether the skip is a convolution 1x1 where channels differ, and nothing where they do not.
    None when there is no block to look at."""
    found = blocks_of(reading)
    if not found:
        return nothing_seen(reading)
    judged = [(block, _skip_fault(block)) for block in found]
    wrong = [(b, fault) for b, fault in judged if fault]
    unclear = [(b, fault) for b, fault in judged if fault is None]
    cells = cells_of(reading)
    if wrong:
        shown = "; ".join(dict.fromkeys(f"{fault} ({b.words})" for b, fault in wrong))
        return Answer(False, cut(shown), cells)
    if unclear:
        return Answer(None, cut("; ".join(b.words for b, _fault in unclear)), cells)
    differing = sum(b.channels[0] != b.channels[1] for b in found)
    words = _("{projected} blocks with a convolution 1x1 on the skip, {plain} without").format(
        projected=sum(bool(b.block.skip) for b in found),
        plain=sum(not b.block.skip for b in found),
    )
    loose = loose_ends(found)
    if not differing or differing == len(found):
        loose = loose or _("only one of the two cases was seen")
    if loose:
        return Answer(None, f"{words}; {loose}", cells)
    return Answer(True, words, cells)


def _skip_fault(found: Found) -> str | None:
    """What is wrong with a block's skip; "" for nothing, None when it cannot be told."""
    stations = found.net.stations
    into, out = found.channels
    pattern = skip_pattern(found.block, stations, found.net.functions)
    convs = [stations.convs[s.station.out] for s in found.block.skip if s.station.sort == "conv"]
    if UNKNOWN in pattern:
        return None
    if ZERO in pattern:
        return _("the skip is multiplied by 0")
    if into != out:
        if not convs:
            return _("the channels change from {into} to {out} without a convolution 1x1").format(
                into=into, out=out
            )
        one = convs[0]
        if len(convs) > 1 or one.kernel != (1, 1) or not one.plain or one.out != out:
            return _("the skip is not one convolution 1x1")
    elif convs and all(c.stride == (1, 1) for c in found.convs):
        return _("a convolution on the skip although the channels stay {n}").format(n=into)
    if "norm" in pattern or "activation" in pattern:
        return _("the skip is normalised or activated")
    if any(p not in ("conv", "other", PER_CHANNEL) for p in pattern):
        return _("the skip is scaled")
    return ""

"""Did the pretrained backbone stay as it was, or was it trained; and its batch normalisations?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from graders.analysis.fates import Fate, fates
from graders.analysis.fine_tunings import FineTuning, Stage
from graders.analysis.network import Network
from graders.analysis.operations import bare
from graders.analysis.pretrained import Pretrained
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _, ngettext

MAX_NAMES = 4
STATISTICS = ("mean", "variance")


def stays_frozen(reading: Reading, tuning: FineTuning, *, running_statistics: bool) -> Answer:
    """Whether every pretrained tensor but the last layer's stayed bit-identical, at every look."""
    cells = _cells(reading, tuning)
    pretrained = _file(reading)
    if not tuning.tensors or pretrained is None:
        return _strange(tuning, cells)
    parts = ("kernel", "gamma", "beta", *(STATISTICS if running_statistics else ()))
    found = _fates(reading, tuning, pretrained, parts)
    moved = [f for f in found if f.moved]
    if moved:
        words = ngettext(
            "{n} of {total} pretrained tensors changed, by up to {by} of their size: {names}",
            "{n} of {total} pretrained tensors changed, by up to {by} of their size: {names}",
            len(moved),
        ).format(n=len(moved), total=len(found), by=_by(moved), names=_names(moved))
        if all(f.back for f in moved):
            words += "; " + _("they were put back at the end")
        elif all(_part(f.key, pretrained) in STATISTICS for f in moved):
            words += "; " + _("they are running statistics of batch normalisations")
        return Answer(False, words, cells)
    unseen = [f for f in found if f.moved is None]
    if unseen:
        words = _("{n} of {total} pretrained tensors could not be followed: {names}").format(
            n=len(unseen), total=len(found), names=_names(unseen)
        )
        return Answer(None, words, cells)
    words = _("{n} pretrained tensors are bit-identical before, during and after the training")
    return Answer(True, words.format(n=len(found)), cells)


def is_trained(reading: Reading, tuning: FineTuning) -> Answer:
    """Whether every convolution kernel of the backbone got gradients and moved."""
    cells = _cells(reading, tuning)
    pretrained = _file(reading)
    if not tuning.tensors or pretrained is None:
        return _strange(tuning, cells)
    found = _fates(reading, tuning, pretrained, ("kernel",))
    if not found:
        return _strange(tuning, cells)
    reached = {r.uid for p in tuning.parts for r in p.run.reached}
    still = [f for f in found if not f.moved or f.back]
    without = [f for f in found if f.uid not in reached]
    if not still and not without:
        words = _(
            "all {n} convolution kernels of the backbone got gradients and changed, by up to {by} "
            "of their size"
        )
        return Answer(True, words.format(n=len(found), by=_by(found)), cells)
    if still:
        words = ngettext(
            "{n} of {total} convolution kernels of the backbone did not change: {names}",
            "{n} of {total} convolution kernels of the backbone did not change: {names}",
            len(still),
        ).format(n=len(still), total=len(found), names=_names(still))
        unseen = all(f.moved is None for f in still)
        return Answer(None if unseen else False, words, cells)
    words = _(
        "{n} of {total} convolution kernels of the backbone changed without gradients: {names}"
    ).format(n=len(without), total=len(found), names=_names(without))
    return Answer(None, words, cells)


def norms_frozen(reading: Reading, tuning: FineTuning) -> Answer:
    """Whether the pretrained batch normalisations kept gamma, beta and running statistics, and
    used those statistics rather than their batch's."""
    cells = _cells(reading, tuning)
    pretrained = _file(reading)
    if not tuning.tensors or pretrained is None:
        return _strange(tuning, cells)
    found = _fates(reading, tuning, pretrained, ("gamma", "beta", *STATISTICS))
    if not found:
        return Answer(None, _("no batch normalisation of the pretrained network was seen"), cells)
    faults = []
    for parts, text in (
        (("gamma", "beta"), _("{n} affine parameters (gamma, beta) changed: {names}")),
        (STATISTICS, _("{n} running statistics (mean, variance) changed: {names}")),
    ):
        moved = [f for f in found if f.moved and _part(f.key, pretrained) in parts]
        if moved:
            faults.append(text.format(n=len(moved), names=_names(moved)))
    batch = max(batch_norms(s, reading)[0] for s in tuning.stages)
    if batch:
        words = ngettext(
            "{n} batch normalisation used the statistics of its batch",
            "{n} batch normalisations used the statistics of their batch",
            batch,
        )
        faults.append(words.format(n=batch))
    if faults:
        return Answer(False, "; ".join(faults), cells)
    unseen = [f for f in found if f.moved is None]
    awake = _training_at_looks(tuning)
    if awake and not batch_norms(tuning.last, reading)[1]:
        words = _("{n} batch normalisations were in training mode at a look: {names}")
        return Answer(None, words.format(n=len(awake), names=", ".join(awake[:MAX_NAMES])), cells)
    if unseen:
        words = _("{n} of {total} tensors of batch normalisations could not be followed: {names}")
        words = words.format(n=len(unseen), total=len(found), names=_names(unseen))
        return Answer(None, words, cells)
    words = _(
        "{n} tensors of batch normalisations are bit-identical before and after, and the "
        "statistics of the batch were not used"
    )
    return Answer(True, words.format(n=len(found)), cells)


def _fates(
    reading: Reading, tuning: FineTuning, pretrained: Pretrained, parts: tuple[str, ...]
) -> tuple[Fate, ...]:
    """Of the backbone's tensors that are one of these parts; the last layer is not one of it."""
    tensors = {
        key: uid
        for key, uid in (tuning.tensors | _statistics(reading, tuning)).items()
        if _part(key, pretrained) in parts
    }
    return fates(tuning, tensors, reading.lineage, reading.blobs)


def _part(key: str, pretrained: Pretrained) -> str | None:
    """As `Pretrained.part`, but for the last layer's matrix, and for statistics that are known by
    the normalisation they belong to."""
    if key not in pretrained.arrays:
        return STATISTICS[0]
    return None if pretrained.arrays[key].ndim == 2 else pretrained.part(key)


def _statistics(reading: Reading, tuning: FineTuning) -> dict[str, int]:
    """Running statistics of pretrained normalisations that were never seen to hold the file's:
    the first batch of a notebook in one cell has moved them before anybody looks."""
    known = set(tuning.tensors.values())
    found = {}
    for network in {id(n): n for s in tuning.stages for n in s.backbone.networks}.values():
        for index in _norm_nodes(network, reading):
            for value in network.sources[index]:
                leaf = network.leaves.get(value)
                if leaf is not None and leaf.role == "buffer" and leaf.uid not in known:
                    found[f"#{leaf.uid}"] = leaf.uid
    return found


def batch_norms(stage: Stage, reading: Reading) -> tuple[int, int]:
    """Pretrained batch normalisations of a run's network that used the statistics of their batch,
    and those that did not."""
    network = stage.trained.network
    if network is None or network.graph.why != "training":
        return 0, 0
    nodes = [network.nodes[i] for i in _norm_nodes(network, reading)]
    using = sum(n.named.get("training") is True or True in n.args[5:6] for n in nodes)
    return using, len(nodes) - using


def _norm_nodes(network: Network, reading: Reading) -> list[int]:
    """Places of a network's batch normalisations that hold a pretrained tensor."""
    return [
        index
        for index, node in enumerate(network.nodes)
        if bare(node.op) == "batch_norm"
        and any(
            reading.lineage.key(leaf.uid, leaf.digest) is not None
            for v in network.sources[index]
            if (leaf := network.leaves.get(v)) is not None
        )
    ]


def _training_at_looks(tuning: FineTuning) -> list[str]:
    """Paths of normalisations of the backbone that were in training mode at a look at a run."""
    ours = set(tuning.tensors.values())
    found: dict[str, None] = {}
    for part in tuning.parts:
        for sample in part.run.samples:
            names = [p.name for p in sample.parameters if p.uid in ours]
            for path, training in sample.norms_training.items():
                if training and any(name.startswith(f"{path}.") for name in names):
                    found[path] = None
    return list(found)


def _file(reading: Reading) -> Pretrained | None:
    return reading.pretrained.pretrained if reading.pretrained is not None else None


def _strange(tuning: FineTuning, cells: tuple[int, ...]) -> Answer:
    words = _("none of the pretrained tensors was found in the network that was trained")
    return Answer(None, words, cells)


def _cells(reading: Reading, tuning: FineTuning) -> tuple[int, ...]:
    return tuple(reading.cell(c) for c in tuning.cells)


def _names(some: Sequence[Fate]) -> str:
    largest = sorted(some, key=lambda f: -f.by)
    return ", ".join(f.name for f in largest[:MAX_NAMES]) + (" …" if len(some) > MAX_NAMES else "")


def _by(some: Sequence[Fate]) -> str:
    known = [f.by for f in some if not math.isnan(f.by)]
    return f"{max(known):.2g}" if known else "?"

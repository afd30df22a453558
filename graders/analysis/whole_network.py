"""Is the whole pretrained network used, but for its last layer, with a new one of its own?"""

from __future__ import annotations

from collections.abc import Sequence

from graders.analysis.fine_tunings import FineTuning
from graders.analysis.network import Network
from graders.analysis.pretrained import Pretrained
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _, ngettext

MAX_NAMES = 4
STATISTICS = ("mean", "variance")


def whole(reading: Reading, tuning: FineTuning, outputs: int) -> Answer:
    """Whether what was trained goes from the image through every pretrained array but the last
    layer's to `outputs` new outputs. Layers between the old network and the new ones are fine."""
    cells = tuple(reading.cell(c) for c in tuning.cells)
    if reading.pretrained is None:
        return Answer(None, _("the grader has no pretrained weights to compare with"), cells)
    pretrained = reading.pretrained.pretrained
    stage = tuning.last
    backbone = stage.backbone
    if not backbone.tensors:
        words = _(
            "the network that was trained has {n} convolutions and none of the pretrained weights"
        )
        return Answer(False, words.format(n=len(stage.kernels)), cells)
    asked = [k for k in pretrained.arrays if _asked(k, pretrained)]
    used = set(backbone.tensors)
    missing = [k for k in asked if k not in used]
    if missing:
        words = ngettext(
            "{n} of {total} pretrained tensors is not part of what was trained: {names}",
            "{n} of {total} pretrained tensors are not part of what was trained: {names}",
            len(missing),
        ).format(n=len(missing), total=len(asked), names=_names(missing))
        return Answer(False if backbone.sure else None, words, cells)
    if not backbone.sure:
        words = _("how the features that the new layers were trained on were computed was not seen")
        return Answer(None, words, cells)
    network = stage.trained.network
    width = _width(network)
    if network is None or width is None:
        return Answer(None, _("the answers of the network could not be found in its graph"), cells)
    last = [k for k in pretrained.arrays if pretrained.arrays[k].ndim == 2]
    old = [k for k in last if k in used]
    size = pretrained.arrays[last[-1]].shape[-1] if last else 0
    if width != outputs:
        words = _("the trained network has {n} outputs, and the data have {classes} classes")
        return Answer(False, words.format(n=width, classes=outputs), cells)
    if old:
        words = _("the old last layer with its {n} outputs is still there, before the new ones")
        return Answer(False, words.format(n=size), cells)
    if not _own_layer(reading, network):
        return Answer(None, _("no new last layer was found in the trained network"), cells)
    words = _(
        "all {total} pretrained tensors but the last layer's, and a new last layer with {n} outputs"
    )
    return Answer(True, words.format(total=len(asked), n=width), cells)


def _asked(key: str, pretrained: Pretrained) -> bool:
    """Of the network but its last layer; statistics go with the layer that they belong to."""
    return pretrained.arrays[key].ndim != 2 and pretrained.part(key) not in ("bias", *STATISTICS)


def _width(network: Network | None) -> int | None:
    """How many numbers the network answers with for a row."""
    if network is None or network.output is None:
        return None
    shape = network.shape(network.output)
    return shape[-1] if len(shape) == 2 else None


def _own_layer(reading: Reading, network: Network) -> bool:
    """Does a layer without pretrained weights lie before the answers?"""
    return any(
        all(
            reading.lineage.key(leaf.uid, leaf.digest) is None
            for leaf in network.weight_leaves(layer.weight)
        )
        for layer in network.layers
    )


def _names(keys: Sequence[str]) -> str:
    return ", ".join(keys[:MAX_NAMES]) + (" …" if len(keys) > MAX_NAMES else "")

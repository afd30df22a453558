"""What a person calls the parts of a convolutional network."""

from __future__ import annotations

from graders.analysis.conv_nets import ConvNet
from graders.analysis.picture_blocks import PictureBlock, Step
from graders.analysis.pointwise import AFFINE, OTHER, PER_CHANNEL, UNKNOWN, ZERO
from graders.analysis.stations import Conv, Edge, Station
from graders.language import _

_STATIONS = {"norm": "BatchNorm", "linear": "Dense", "add": "+", "pool": "pooling"}


def conv_in_words(conv: Conv) -> str:
    """ "Conv 3x3 16→64 /2" """
    height, width = conv.kernel
    words = f"Conv {height}x{width} {conv.into}→{conv.out}"
    return words if conv.stride == (1, 1) else f"{words} /{conv.stride[0]}"


def operation_in_words(net: ConvNet, station: Station) -> str:
    """A convolution with its form, another station by the framework's word for it."""
    if station.out in net.stations.convs:
        return conv_in_words(net.stations.convs[station.out])
    if station.sort in ("other", "pool"):
        name = net.stations.name(station).strip("_")
        return {"getitem": "slice", "cat": "concat"}.get(name, name)
    return _STATIONS.get(station.sort, station.sort)


def function_in_words(net: ConvNet, edge: Edge) -> str:
    """An activation by name; "" for none."""
    name = net.functions.name(edge)
    return {
        "identity": "",
        UNKNOWN: "?",
        OTHER: _("another function"),
        AFFINE: _("scaling"),
        PER_CHANNEL: _("scaling by channel"),
        ZERO: "0",
    }.get(name, name)


def block_in_words(net: ConvNet, block: PictureBlock) -> str:
    """ "[BatchNorm, SiLU, Conv 3x3 16→64, ...] + Conv 1x1 16→64" """
    main = _way(net, block.main, block.main_end)
    skip = _way(net, block.skip, block.skip_end)
    return f"[{', '.join(main)}] + {', '.join(skip) or _('identity')}"


def _way(net: ConvNet, steps: tuple[Step, ...], last: Edge) -> list[str]:
    words = []
    for step in steps:
        words += [function_in_words(net, step.edge), operation_in_words(net, step.station)]
    return [word for word in (*words, function_in_words(net, last)) if word]

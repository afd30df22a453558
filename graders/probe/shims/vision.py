"""torchvision without its compiled part (no CUDA libraries): it still imports."""

from __future__ import annotations

import sys
from typing import Any

from ..imports import when_import_fails
from ..notices import note

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[Any] = []  # a library's operators last as long as it does


def install() -> None:
    """Declare the operators that the import misses, and let it try again."""
    when_import_fails("torchvision", _declare)


def _declare(error: BaseException) -> bool:
    if "torchvision::" not in str(error):
        return False
    torch = sys.modules["torch"]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for signature in _OPERATORS:
        library.define(signature)
    _libraries.append(library)
    note("device", "torchvision::nms")
    return True

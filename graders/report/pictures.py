"""Is this output really a picture, and small enough to show?"""

from __future__ import annotations

import base64
import binascii
import struct

MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MOST_BYTES = 2 * 2**20
MOST_BYTES_A_PAGE = 20 * 2**20
MOST_PIXELS = 40_000_000


class PictureError(ValueError):
    """The data is not what it says it is, or too large to show."""


def data_uri(kind: str, encoded: str, allowance: int = MOST_BYTES) -> tuple[str, int]:
    """The picture as a `data:` address, written anew from its decoded bytes, and their number.

    Raises PictureError for a kind we do not show, broken base64, the wrong first bytes, or more
    bytes or pixels than are allowed.
    """
    if kind not in MAGIC:
        raise PictureError(kind)
    limit = min(MOST_BYTES, allowance)
    if len(encoded) > limit * 3 // 2 + 64:
        raise PictureError("too large")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("not base64") from error
    if len(content) > limit:
        raise PictureError("too large")
    if not content.startswith(MAGIC[kind]):
        raise PictureError("wrong first bytes")
    # a few kilobytes of PNG can unfold into gigabytes of pixels in the reader's browser
    if kind == "image/png":
        if len(content) < 24:
            raise PictureError("cut short")
        width, height = struct.unpack(">II", content[16:24])
        if width * height > MOST_PIXELS:
            raise PictureError("too many pixels")
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}", len(content)

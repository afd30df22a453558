"""Is this output really a picture, and small enough to show?"""

from __future__ import annotations

import base64
import binascii
import struct

MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MOST_BYTES = 2 * 2**20
MOST_BYTES_A_PAGE = 20 * 2**20
# A few kilobytes can unfold into gigabytes of pixels in the reader's browser.
MOST_PIXELS = 40_000_000
MOST_PIXELS_A_PAGE = 400_000_000


class PictureError(ValueError):
    """The data is not what it says it is, or too large to show."""


class PictureAllowance:
    """What the pictures of one page may still take, the same one shown twice counted twice."""

    def __init__(self) -> None:
        self.bytes, self.pixels = MOST_BYTES_A_PAGE, MOST_PIXELS_A_PAGE


def data_uri(kind: str, encoded: str, allowance: PictureAllowance | None = None) -> str:
    """The picture as a `data:` address, written anew from its decoded bytes.

    Raises PictureError for a kind we do not show, broken base64, the wrong first bytes, no size in
    the header, or more bytes or pixels than are allowed; else takes them from the allowance.
    """
    allowance = allowance or PictureAllowance()
    if kind not in MAGIC:
        raise PictureError(kind)
    limit = min(MOST_BYTES, allowance.bytes)
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
    width, height = _png_size(content) if kind == "image/png" else _jpeg_size(content)
    if not width or not height or width * height > min(MOST_PIXELS, allowance.pixels):
        raise PictureError("no pixels, or too many")
    allowance.bytes -= len(content)
    allowance.pixels -= width * height
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _png_size(content: bytes) -> tuple[int, int]:
    if len(content) < 24 or content[12:16] != b"IHDR":
        raise PictureError("cut short")
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """From the frame header, found by going from marker to marker (ITU T.81, annex B)."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], struct.unpack(">H", content[place + 2 : place + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return int(width), int(height)
        place += 1 if marker == 0xFF else 2 + length
    raise PictureError("no size")

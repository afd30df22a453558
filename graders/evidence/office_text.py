"""The text of a word processor's document (`.docx`, `.odt`): a zip with XML in it.

Runs where PDFs are read, within the same limits. The XML is not parsed, only its tags are taken
out, so that nothing in it can unfold. Standard library only.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Any

PARTS = ("word/document.xml", "content.xml")
PICTURES = ("word/media/", "Pictures/")
MAX_XML = 20 * 2**20  # bytes
_LINE = re.compile(r"</(?:w:p|text:p|text:h|w:tr|table:table-row)>|<w:br\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"</(?:w:tc|table:table-cell|m:e|m:r|m:num|m:den)>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def document(content: bytes, most: int) -> dict[str, Any]:
    """{"pages": null, "text", "pictures": n, "problem": "" | "broken" | "not_read"}

    `most` characters of text are given.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            part = next((name for name in PARTS if name in names), None)
            if part is None:
                return {"pages": None, "text": "", "pictures": 0, "problem": "not_read"}
            with archive.open(part) as stream:
                xml = stream.read(MAX_XML).decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return {"pages": None, "text": "", "pictures": 0, "problem": "broken"}
    lines = _CELL.sub(" ", _LINE.sub("\n", xml))
    text = html.unescape(_TAG.sub("", lines))[:most]
    pictures = sum(name.startswith(PICTURES) for name in names)
    return {"pages": None, "text": text, "pictures": pictures, "problem": ""}

"""Small PDFs, written by hand: pages of text, and the ways in which one can be wrong."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def pdf(pages: Sequence[str], *, compressed: bool = False) -> bytes:
    """A PDF with these pages, a line of text for each line."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for n, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(_stream(_drawn(text), compressed))
    return assembled(objects)


def assembled(objects: Sequence[bytes]) -> bytes:
    """A file of these objects, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return bytes(out)


def bomb(megabytes: int) -> bytes:
    """One page whose content unfolds to so much."""
    packed = zlib.compress(b"0 0 m " * (megabytes * 2**20 // 6), 9)
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    return assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page,
            stream,
        ]
    )


def _stream(content: bytes, compressed: bool) -> bytes:
    if not compressed:
        return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    packed = zlib.compress(content)
    head = b"<< /Length %d /Filter /FlateDecode >>" % len(packed)
    return b"%s\nstream\n%s\nendstream" % (head, packed)


def _drawn(text: str) -> bytes:
    lines = [b"BT /F1 11 Tf 50 790 Td 14 TL"]
    for line in text.splitlines():
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        lines.append(b"(%s) Tj T*" % escaped.encode("cp1252"))
    return b"\n".join([*lines, b"ET"])

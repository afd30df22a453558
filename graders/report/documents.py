"""How does a marker read the documents that were handed in? As plain text beside the report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.printable import visible
from graders.report.exhibits import WrittenDocument
from graders.report.writing import write_whole

FOLDER = "documents"
MAX_SHOWN = 12_000  # characters of a document's text on the page itself


@dataclass(frozen=True)
class ShownDocument:
    """`link` leads to the whole text, "" when there is none; `beginning` is shown on the page."""

    document: WrittenDocument
    link: str
    beginning: str

    @property
    def cut(self) -> bool:
        return len(self.beginning) < len(self.document.text)


def shown_documents(documents: Sequence[WrittenDocument]) -> list[ShownDocument]:
    """The documents as the page shows them."""
    return [
        ShownDocument(
            document, f"./{FOLDER}/{name}" if document.text else "", document.text[:MAX_SHOWN]
        )
        for name, document in zip(_file_names(documents), documents, strict=True)
    ]


def write_documents(documents: Sequence[WrittenDocument], out: Path) -> None:
    """Write the text of each into `documents/`; those of an earlier run are taken away.

    Raises OSError when the folder cannot be written.
    """
    folder = out / FOLDER
    names = _file_names(documents)
    for old in folder.glob("*.txt"):
        if old.name not in names:
            old.unlink(missing_ok=True)
    for name, document in zip(names, documents, strict=True):
        if document.text:
            write_whole(folder / name, visible(document.text))
        else:
            (folder / name).unlink(missing_ok=True)


def _file_names(documents: Sequence[WrittenDocument]) -> list[str]:
    """Safe names, each once: letters, digits, `_`, `-`."""
    found: list[str] = []
    for number, document in enumerate(documents, 1):
        bare = re.sub(r"[^A-Za-z0-9_-]+", "_", document.name).strip("_")[-60:] or "document"
        taken = {name.casefold() for name in found}
        found.append(
            f"{bare}.txt" if f"{bare}.txt".casefold() not in taken else f"{number}-{bare}.txt"
        )
    return found

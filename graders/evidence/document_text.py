"""A document on the standard input, its pages and text as JSON on the standard output.

Runs as a program of its own, with limits that it sets itself: a file that eats memory or time, or
brings the reader down, takes nothing else with it. Standard library and pypdf only.
"""

from __future__ import annotations

import io
import json
import logging
import os
import runpy
import sys
from typing import Any

MEMORY = 1024 * 2**20  # bytes of address space
SECONDS = 20  # of processor time
MAX_PAGES_READ = 60  # pages whose text is taken
MAX_TEXT = 400_000  # characters
LETTERS = 40  # a page in the mean: below, what is on it is pictures of text


def main() -> None:
    """Read, answer, end. What goes wrong is in the answer, or there is none."""
    limit()
    logging.disable(logging.CRITICAL)
    content = sys.stdin.buffer.read()
    if content.startswith(b"PK"):
        read = runpy.run_path(os.path.join(os.path.dirname(__file__), "office_text.py"))
        answer = read["document"](content, MAX_TEXT)
    else:
        answer = document(content)
    sys.stdout.write(json.dumps(answer))


def limit() -> None:
    """Bind this process, where the system lets it."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            continue


def document(content: bytes) -> dict[str, Any]:
    """{"pages": n or null, "text", "pictures": n, "problem": "" | "encrypted" | "broken" | ...}"""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    pages: int | None = None
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return _said("encrypted")
        pages = len(reader.pages)
        texts = _texts(reader)
        pictures = sum(_pictures(page) for page in reader.pages[: len(texts)])
    except (DependencyError, FileNotDecryptedError, NotImplementedError):
        return _said("encrypted", pages)
    except MemoryError:
        return _said("too_large", pages)
    except Exception:  # a hostile file may raise anything from the reader's depths
        return _said("broken", pages)
    if not pages:
        return _said("broken", pages)
    letters = sum(c.isalpha() for text in texts for c in text)
    few = letters < LETTERS * len(texts)
    problem = "no_text" if few else ""
    return {"pages": pages, "text": "\n\n".join(texts), "pictures": pictures, "problem": problem}


def _texts(reader: Any) -> list[str]:
    """The text of each page; "" for one that cannot be read when others can."""
    texts: list[str] = []
    failed, room = 0, MAX_TEXT
    for page in reader.pages[:MAX_PAGES_READ]:
        try:
            texts.append((page.extract_text() or "")[:room])
        except (MemoryError, RecursionError):
            raise
        except Exception:
            failed += 1
            texts.append("")
        room -= len(texts[-1])
    if failed and failed == len(texts):
        raise ValueError("no page can be read")
    return texts


def _pictures(page: Any) -> int:
    """How many pictures stand on a page; 0 when that cannot be told."""
    try:
        return len(page.images.keys())
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return 0


def _said(problem: str, pages: int | None = None) -> dict[str, Any]:
    return {"pages": pages, "text": "", "problem": problem}


if __name__ == "__main__":
    main()

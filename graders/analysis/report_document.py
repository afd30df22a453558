"""Is there a report among the documents of a delivery, and is it as short as it was asked to be?

A PDF more is never a fault: the statement, notebooks printed as PDF or figures may lie beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from graders.analysis.statement import Answer
from graders.evidence.documents import Document
from graders.language import _, ngettext

_NAMED = re.compile(
    r"(?<![a-z])(informe|reporte|report|memoria|relatorio|rapport|paper)s?(?![a-z])"
)
_PROMPT = re.compile(r"^\s*(?:In|Out)\s?\[\s?\d*\s?\]:", re.MULTILINE)
_PRINTED = re.compile(r"\.ipynb\b.{0,20}\bcolab", re.IGNORECASE)
PROMPTS = 3  # of cells: a report may quote one or two


def report_among(
    documents: Sequence[Document], pages: int, more: int = 0, statement: Sequence[str] = ()
) -> Answer:
    """Whether one of the documents is a report of at most so many pages.

    `more` are pages that some students may add; `statement` are phrases that stand together only
    in the statement, copies of which are handed back.
    """
    own = [d for d in documents if not _is_statement(d, statement)]
    if not own:
        words = _("no PDF was handed in")
        if documents:
            words = _("only the statement was handed in as a PDF")
        return Answer(False, words)
    reports = [d for d in own if d.kind == "pdf" and not d.problem and not _printed_notebook(d)]
    long = [d for d in reports if (d.pages or 0) > pages]
    fitting = [d for d in reports if 1 <= (d.pages or 0) <= pages]
    if fitting and not (any(map(_named, long)) and not any(map(_named, fitting))):
        return Answer(True, _listed([d for d in fitting if _named(d)] or fitting))
    words = _listed(own)
    own = [d for d in own if d.kind != "latex"]  # what the report is made from
    if len(own) == len(long) == 1:
        if (long[0].pages or 0) <= pages + more:
            return Answer(None, words + "; " + _("more pages are allowed to some students only"))
        return Answer(False, words)
    if len(own) == 1 and own[0].kind == "empty":
        return Answer(False, words)
    return Answer(None, words)


def in_words(document: Document) -> str:
    """`informe.pdf, 3 pages`, and what is wrong with it."""
    said = [document.name]
    if document.pages is not None:
        said.append(ngettext("{n} page", "{n} pages", document.pages).format(n=document.pages))
    problem = problem_of(document)
    if not problem and _printed_notebook(document):
        problem = _("a notebook printed as PDF")
    return ", ".join([*said, problem] if problem else said)


def problem_of(document: Document) -> str:
    """Why its text is not known; "" when it is."""
    if document.kind != "pdf":
        return {
            "word": _("a Word document, not a PDF"),
            "opendocument": _("an OpenDocument file, not a PDF"),
            "rtf": _("an RTF document, not a PDF"),
            "latex": _("LaTeX source, not a PDF"),
            "html": _("a web page, not a PDF"),
            "picture": _("a picture, not a PDF"),
            "empty": _("an empty file"),
        }.get(document.kind, _("not a PDF inside"))
    return {
        "": "",
        "encrypted": _("it is protected, so that its text cannot be read"),
        "broken": _("it is broken and cannot be read"),
        "no_text": _("there is hardly any text in it: its pages are pictures"),
        "too_large": _("it is too large to be read"),
        "took_too_long": _("reading it takes too long"),
        "not_read": _("it was not read"),
    }[document.problem]


def _listed(documents: Sequence[Document]) -> str:
    return "; ".join(map(in_words, documents))


def _named(document: Document) -> bool:
    """Is it called a report?"""
    return _NAMED.search(_plain(PurePosixPath(document.name).stem).replace("_", " ")) is not None


def _printed_notebook(document: Document) -> bool:
    found = _PROMPT.findall(document.text)
    return len(found) >= PROMPTS or _PRINTED.search(document.text) is not None


def _is_statement(document: Document, phrases: Sequence[str]) -> bool:
    text = _plain(document.text)
    return bool(phrases) and all(_plain(phrase) in text for phrase in phrases)


def _plain(text: str) -> str:
    """Lower case, without accents, single spaces."""
    bare = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).lower().split())

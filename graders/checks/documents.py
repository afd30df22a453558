"""Checks of the documents that are handed in beside the notebooks."""

from __future__ import annotations

from typing import Any

from graders.analysis.reading import Reading
from graders.analysis.report_document import report_among
from graders.checks.outcome import Finding, require
from graders.language import _


def report(
    student: Reading, pages: int, more: int = 0, statement: list[Any] | None = None
) -> Finding:
    """A report was handed in as a PDF of at most so many pages. Some students may add `more`;
    `statement` are phrases that stand together only in the statement itself."""
    phrases = [str(phrase) for phrase in statement or ()]
    answer = report_among(student.whole.documents, pages, more, phrases)
    return require(
        answer.holds,
        expected=_("a report, as a PDF of at most {n} pages").format(n=pages),
        observed=answer.words,
    )

"""Which of the documents is the report, and is it short enough?"""

from __future__ import annotations

import pytest

from graders.analysis.report_document import in_words, report_among
from graders.evidence.documents import Document

TEXT = "La salida de la segunda convolución es de cuatro por cuatro. " * 20
STATEMENT = ("Fecha de entrega", "Penalizaciones")


def a(name: str, pages: int | None = 3, text: str = TEXT, **more: object) -> Document:
    return Document(name=name, pages=pages, text=text, **more)


REPORT = a("Informe Tarea 2.pdf")
LONG = a("informe.pdf", 6)
PRINTED = a("nb.pdf", 12, "\n".join(f"In [{n}]: x" for n in range(9)))
COLAB = a("nb2.pdf", 2, TEXT + "\n10_1.ipynb - Colab\n")
HANDED_BACK = a("enunciado.pdf", 2, TEXT + "\nFECHA  DE\nENTREGA hard\nPenalizaciónes:")


@pytest.mark.parametrize(
    ("documents", "holds"),
    [
        ([REPORT], True),
        ([a("x.pdf", 4)], True),
        ([a("x.pdf", 5)], False),
        ([], False),
        ([HANDED_BACK], False),
        ([HANDED_BACK, REPORT], True),
        ([HANDED_BACK, LONG], False),
        ([PRINTED, REPORT], True),
        ([PRINTED], None),
        ([COLAB], None),
        ([PRINTED, LONG], None),
        ([LONG, a("figuras.pdf", 1)], None),
        ([LONG, a("informe corto.pdf", 2)], True),
        ([a("tarea.pdf", 9), a("figuras.pdf", 1)], True),
        ([LONG, a("otro informe.pdf", 9)], None),
        ([a("informe.tex", None, kind="latex")], None),
        ([a("informe.tex", None, kind="latex"), LONG], False),
        ([a("informe.tex", None, kind="latex"), REPORT], True),
        ([a("informe.docx", None, "", kind="word", problem="not_read")], None),
        ([a("informe.pdf", None, "", problem="encrypted")], None),
        ([a("informe.pdf", None, "", problem="broken")], None),
        ([a("informe.pdf", 3, "", problem="no_text")], None),
        ([a("informe.pdf", None, "", kind="empty", problem="not_read")], False),
    ],
)  # fmt: skip
def test_report_among(documents: list[Document], holds: bool | None) -> None:
    assert report_among(documents, 4, statement=STATEMENT).holds is holds


def test_a_page_more_for_some() -> None:
    assert report_among([a("x.pdf", 5)], 4, more=1).holds is None
    assert report_among([a("x.pdf", 6)], 4, more=1).holds is False


def test_the_pages_are_said() -> None:
    assert "6 pages" in report_among([LONG], 4).words
    assert "Word" in in_words(a("informe.pdf", None, "", kind="word", problem="not_read"))

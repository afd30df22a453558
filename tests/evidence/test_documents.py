"""PDFs and what is called one: pages and text, or a plain reason; never a crash."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from graders.evidence import document_text, documents
from graders.evidence.documents import Document, kind_of, read_documents
from tests.evidence.pdfs import assembled, bomb, pdf

WORDS = "La segmentación mejora con más filtros y con una capa más profunda que el baseline."


def read_one(folder: Path, name: str, content: bytes) -> Document:
    (folder / name).write_bytes(content)
    (found,) = read_documents(folder, [Path(name)])
    return found


@pytest.mark.parametrize("compressed", [False, True])
def test_pages_and_text(tmp_path: Path, compressed: bool) -> None:
    content = pdf([f"{WORDS}\n[[3, 4], [6, 11]]", WORDS, WORDS], compressed=compressed)
    found = read_one(tmp_path, "Informe final.PDF", content)
    assert (found.kind, found.pages, found.problem) == ("pdf", 3, "")
    assert "segmentación" in found.text
    assert "[[3, 4], [6, 11]]" in found.text
    assert found.text.count("segmentación") == 3
    assert len(found.digest) == 64


def test_a_pdf_without_its_suffix_is_one(tmp_path: Path) -> None:
    assert read_one(tmp_path, "informe", pdf([WORDS])).pages == 1


def test_what_lies_beside_is_no_document(tmp_path: Path) -> None:
    for name in ("modelo.pt", "foto.png", "datos.csv"):
        (tmp_path / name).write_bytes(b"123456")
    assert read_documents(tmp_path, [Path(p.name) for p in tmp_path.iterdir()]) == ()


def test_encrypted(tmp_path: Path) -> None:
    locked = _locked("secret")
    assert read_one(tmp_path, "informe.pdf", locked).problem == "encrypted"


def test_locked_without_a_password_can_be_read(tmp_path: Path) -> None:
    assert "segmentación" in read_one(tmp_path, "informe.pdf", _locked("")).text


def _locked(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([WORDS]))))
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + bytes(range(256)) * 20,
        b"%PDF-1.4\n%%EOF",
        pdf([WORDS])[:200],
        assembled([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Kids [2 0 R] /Type /Pages >>"]),
        assembled([b"[" * 50_000]),
    ],
    ids=["noise", "nothing", "cut", "circle", "deep"],
)
def test_broken(tmp_path: Path, content: bytes) -> None:
    found = read_one(tmp_path, "informe.pdf", content)
    assert found.problem == "broken"
    assert found.text == ""


def test_pictures_of_text_keep_their_pages(tmp_path: Path) -> None:
    found = read_one(tmp_path, "escaneado.pdf", pdf(["", "2"]))
    assert (found.pages, found.problem) == (2, "no_text")


def test_too_much_memory(tmp_path: Path) -> None:
    """A small file that unfolds beyond the limit costs its own process, and is said."""
    content = bomb(200)
    assert len(content) < 10 * 2**20
    assert read_one(tmp_path, "bomb.pdf", content).problem in {"too_large", "broken", "no_text"}


def test_the_reader_binds_itself() -> None:
    """Whatever unfolds: more memory than it allows itself is not to be had."""
    program = f"import runpy; it = runpy.run_path({document_text.__file__!r}); it['limit'](); "
    wanted = document_text.MEMORY
    ended = subprocess.run(
        [sys.executable, "-c", program + f"bytearray({wanted})"], capture_output=True, check=False
    )
    assert ended.returncode != 0
    assert b"MemoryError" in ended.stderr


def test_too_much_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PATIENCE", 0.001)
    assert read_one(tmp_path, "informe.pdf", pdf([WORDS])).problem == "took_too_long"


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    assert read_one(tmp_path, "informe.pdf", pdf([WORDS])).problem == "too_large"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(pdf([WORDS]))
    (tmp_path / "informe.pdf").symlink_to(tmp_path / "theirs")
    (found,) = read_documents(tmp_path, [Path("informe.pdf")])
    assert (found.kind, found.text) == ("empty", "")


def test_latex_is_read_as_it_stands(tmp_path: Path) -> None:
    found = read_one(tmp_path, "informe.tex", b"\\section{Tama\xc3\xb1o}\n$\\frac{n-k}{s}$\xff")
    assert (found.kind, found.problem, found.pages) == ("latex", "", None)
    assert "Tamaño" in found.text


def _zipped(*names: str, content: str = "x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


WORD = (
    "<w:p><w:r><w:t>La sal</w:t></w:r><w:r><w:t>ida es &lt;b&gt;</w:t></w:r></w:p>"
    "<w:tr><w:tc><w:p><w:t>3</w:t></w:p></w:tc><w:tc><w:p><w:t>4</w:t></w:p></w:tc></w:tr>"
    "<m:mr><m:e><m:r><m:t>6</m:t></m:r></m:e><m:e><m:r><m:t>11</m:t></m:r></m:e></m:mr>"
)


@pytest.mark.parametrize("name", ["informe.docx", "informe.pdf"])
def test_a_word_document_is_read_though_it_has_no_pages(tmp_path: Path, name: str) -> None:
    content = _zipped("word/document.xml", "word/media/image1.png", content=WORD)
    found = read_one(tmp_path, name, content)
    assert (found.kind, found.pages, found.pictures, found.problem) == ("word", None, 1, "")
    assert "La salida es <b>" in found.text
    assert found.text.split()[-4:] == ["3", "4", "6", "11"]


def test_an_opendocument_is_read(tmp_path: Path) -> None:
    content = _zipped("mimetype-opendocument", "content.xml", content="<text:p>hola</text:p>")
    found = read_one(tmp_path, "informe.odt", content)
    assert (found.kind, found.text.strip(), found.problem) == ("opendocument", "hola", "")


def test_a_broken_word_document(tmp_path: Path) -> None:
    found = read_one(tmp_path, "informe.docx", _zipped("word/document.xml")[:40] + b"word/")
    assert (found.kind, found.problem) == ("word", "broken")


def test_a_word_document_that_unfolds(tmp_path: Path) -> None:
    found = read_one(tmp_path, "informe.docx", _zipped("word/document.xml", content="<" * 2**26))
    assert len(found.text) <= document_text.MAX_TEXT


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("informe.pdf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "word"),
        ("informe.pdf", _zipped("word/document.xml"), "word"),
        ("informe.docx", _zipped("word/document.xml"), "word"),
        ("informe.pdf", b"{\\rtf1 hola}", "rtf"),
        ("informe.pdf", b"<!DOCTYPE html><p>hola", "html"),
        ("informe.pdf", b"\x89PNG\r\n\x1a\n", "picture"),
        ("informe.pdf", b"", "empty"),
        ("informe.tex", b"\\documentclass{article}", "latex"),
        ("informe.pdf", b"hola", "other"),
        ("informe.txt", b"hola", None),
    ],
)
def test_kinds(name: str, content: bytes, kind: str | None) -> None:
    assert kind_of(name, content) == kind

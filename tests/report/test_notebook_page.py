import base64
import re
import time

import pytest

from graders.language import speaking
from graders.report.notebook import LONGEST_OUTPUT, cells
from graders.report.pictures import PictureError, data_uri
from graders.report.prose import prose


def code(*outputs, source="1"):
    return {"cells": [{"cell_type": "code", "source": source, "outputs": list(outputs)}]}


def shown(*outputs):
    with speaking("en"):
        return cells(code(*outputs))[0].outputs


def display(**data):
    return {
        "output_type": "display_data",
        "data": {k.replace("__", "/"): v for k, v in data.items()},
    }


def test_code_is_coloured_and_escaped():
    (cell,) = cells(code(source="if a < b: print('</pre><script>x</script>')"))
    assert "<script" not in cell.body
    assert '<span class="k">if</span>' in cell.body


def test_source_as_a_list_of_lines():
    (cell,) = cells(code(source=["a = 1\n", "b = 2"]))
    assert cell.body.splitlines()[1].startswith('<span class="n">b</span>')


def test_text_output_loses_terminal_codes():
    (out,) = shown({"output_type": "stream", "name": "stdout", "text": "\x1b[1mhola\x1b[0m"})
    assert (out.kind, out.text) == ("text", "hola")


def test_an_error_is_shown():
    (out,) = shown(
        {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["\x1b[31mE\x1b[0m: x"]}
    )
    assert (out.kind, out.text) == ("error", "E: x")


def test_a_picture_is_shown_as_data(picture):
    (out,) = shown(display(image__png=[picture[:20] + "\n", picture[20:]], text__plain="<Figure>"))
    assert out.kind == "picture"
    assert out.address == "data:image/png;base64," + picture


@pytest.mark.parametrize(
    "encoded",
    [
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        "not base64!",
        "",
        '"><script>alert(1)</script>',
        base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * (2**21)).decode(),
        base64.b64encode(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60000).to_bytes(4) + (60000).to_bytes(4) + b"\x08\0"
        ).decode(),
    ],
)
def test_what_is_no_picture_is_not_shown(encoded):
    with pytest.raises(PictureError):
        data_uri("image/png", encoded)
    (out,) = shown(display(image__png=encoded))
    assert out.kind == "note"


def test_other_kinds_of_picture_are_refused(picture):
    with pytest.raises(PictureError):
        data_uri("image/svg+xml", picture)


def test_pictures_of_a_page_have_a_total(picture):
    big = base64.b64encode(base64.b64decode(picture) + b"\0" * 1_900_000).decode()
    kinds = [out.kind for out in shown(*[display(image__png=big) for _ in range(14)])]
    assert kinds.count("picture") == 11
    assert kinds[-1] == "note"


def test_html_is_never_markup_and_its_text_form_is_preferred():
    (out,) = shown(display(text__html="<b onclick=x>1</b>", text__plain="   a\n0  1"))
    assert out.text == "   a\n0  1"


def test_html_without_a_text_form_gives_its_words():
    note, words = shown(
        display(
            text__html="<style>x</style><table><tr><th>F1</th><td>0.71</td></tr></table>"
            "<script>alert(1)</script>",
            text__plain="<pandas.io.formats.style.Styler at 0x7f>",
        )
    )
    assert note.kind == "note"
    assert words.text.split() == ["F1", "0.71"]


@pytest.mark.parametrize("kind", ["image/svg+xml", "application/javascript", "text/latex"])
def test_other_kinds_are_named_not_shown(kind):
    (out,) = shown({"output_type": "display_data", "data": {kind: "<svg onload=alert(1)>"}})
    assert out.kind == "note"
    assert "onload" not in out.text
    assert kind in out.text


def test_a_flood_of_output_is_cut():
    text = "x" * 300_000
    (out,) = shown({"output_type": "stream", "name": "stdout", "text": text})
    assert len(out.text) < LONGEST_OUTPUT + 200
    outputs = shown(*[{"output_type": "stream", "name": "stdout", "text": "a"}] * 500)
    assert len(outputs) == 101


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"cells": None},
        {"cells": ["x", 3, None]},
        {"cells": [{"cell_type": "code"}]},
        {"cells": [{"cell_type": "code", "source": 4, "outputs": "x", "metadata": []}]},
        code("x", {"output_type": "stream", "text": None}, {"output_type": "display_data"}),
        code({"output_type": "error", "traceback": [1, None]}, {"output_type": 9}),
        {"cells": [{"cell_type": "markdown", "source": "x", "attachments": [1]}]},
    ],
)
def test_a_broken_notebook_does_no_harm(broken):
    with speaking("es"):
        cells(broken)


def test_the_file_a_cell_comes_from_is_said_once():
    listed = [
        {"cell_type": "raw", "source": "", "metadata": {"corrige": {"notebook": name}}}
        for name in ("1.ipynb", "1.ipynb", "2.ipynb")
    ]
    assert [cell.file for cell in cells({"cells": listed})] == ["1.ipynb", "", "2.ipynb"]


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt&colon;alert(1))",
        "![a](javascript:alert(1))",
        '![a" onerror="alert(1)](attachment:x.png)',
        "[a]: javascript:alert(1)\n\n[a]",
        "<javascript:alert(1)>",
        "<https://example.org>",
        "$</span><script>alert(1)</script>$",
        "$$\n</div><script>alert(1)</script>\n$$",
        "```html\n<script>alert(1)</script>\n```",
        '```"><script>\nx\n```',
        "| <script> |\n|---|\n| <svg/onload=alert(1)> |",
        "`</code><script>alert(1)</script>`",
        "# <style>*{display:none}</style>",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "![x](https://example.org/track.png)",
    ],
)
def test_markdown_can_do_nothing(source):
    html = str(prose(source, {"x.png": {"image/png": "PHN2Zz4="}}))
    tags = re.findall(r"<[^>]*>", html)
    assert not [t for t in tags if re.match(r"<(script|style|svg|img|a|iframe)\b", t, re.I)]
    assert not [t for t in tags if re.search(r"\bon\w+\s*=|href|src\s*=", t, re.I)]


def test_markdown_is_rendered(picture):
    html = prose(
        "# Título\n**x** $a_b$ [enlace](https://example.org) ![f](attachment:f.png)",
        {"f.png": {"image/png": picture}},
    )
    assert "<h3>Título</h3>" in html
    assert "<strong>x</strong>" in html
    assert "$a_b$" in html
    assert "(https://example.org)" in html
    assert f'src="data:image/png;base64,{picture}"' in html


def test_tangled_markdown_takes_no_time():
    start = time.perf_counter()
    for tangle in ("[" * 20000, "> " * 5000, "*a " * 5000, "![[" * 5000, "x" * 200_000):
        prose(tangle)
    assert time.perf_counter() - start < 10

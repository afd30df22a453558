"""What is in the executed notebook? Cells and outputs as harmless text, code and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]  # ships no annotations
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # as above
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # as above

from graders.language import _
from graders.printable import visible
from graders.report.pictures import MOST_BYTES_A_PAGE, PictureError, data_uri
from graders.report.plain import number, shortened, terminal
from graders.report.prose import prose

LONGEST_SOURCE = 100_000  # characters; beyond it code is shown without colours
LONGEST_OUTPUT = 20_000
MOST_OUTPUTS = 100  # of one cell
LONGEST_PAGE = 4_000_000  # characters of output on one page

# what a rich object leaves as text when it only knows how to draw itself
_BARE = re.compile(r"^<[\w.]+ (object|at 0x)")


@dataclass(frozen=True)
class ShownOutput:
    """One output. `kind`: text, stderr, error, picture, note. `text` is not yet escaped."""

    kind: str
    text: str = ""
    address: str = ""  # data: address of a picture


@dataclass(frozen=True)
class ShownCell:
    """One cell. `body` is safe markup; `index` counts every cell from 0."""

    index: int
    kind: str  # code, markdown, raw
    body: Markup
    empty: bool
    outputs: tuple[ShownOutput, ...] = ()
    failed: bool = False
    file: str = ""  # where it comes from, when it is the first of a file


class _Allowance:
    """What one page may still hold."""

    def __init__(self) -> None:
        self.picture_bytes = MOST_BYTES_A_PAGE
        self.characters = LONGEST_PAGE


def cells(executed: Mapping[str, Any]) -> list[ShownCell]:
    """The cells of a notebook in nbformat 4 form. What is not as it should be is left out."""
    allowance = _Allowance()
    listed = executed.get("cells")
    shown = []
    file = ""
    for index, cell in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(cell, Mapping):
            cell = {}
        of = _file(cell)
        shown.append(_cell(index, cell, of if of != file else "", allowance))
        file = of or file
    return shown


def _cell(index: int, cell: Mapping[str, Any], file: str, allowance: _Allowance) -> ShownCell:
    source = joined(cell.get("source"))
    kind = cell.get("cell_type")
    if kind == "code":
        listed = cell.get("outputs")
        outputs = tuple(_outputs(listed if isinstance(listed, list) else [], allowance))
        failed = any(output.kind == "error" for output in outputs)
        return ShownCell(index, "code", code(source), not source.strip(), outputs, failed, file)
    if kind == "markdown":
        attached = cell.get("attachments")
        body = prose(source, attached if isinstance(attached, Mapping) else None)
        return ShownCell(index, "markdown", body, not source.strip(), file=file)
    body = Markup('<pre class="raw">{}</pre>').format(visible(source[:LONGEST_SOURCE]))
    return ShownCell(index, "raw", body, not source.strip(), file=file)


def code(source: str) -> Markup:
    """Python with its colours as classes; one line, one line."""
    source = visible(source)
    if len(source) > LONGEST_SOURCE:
        return Markup('<pre class="code">{}</pre>').format(shortened(source, LONGEST_SOURCE)[0])
    coloured = highlight(
        source, PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True)
    )
    return Markup(f'<pre class="code">{coloured}</pre>')  # Pygments escapes what it wraps


def joined(value: object) -> str:
    """A notebook's text, which may be one string or a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return ""


def _file(cell: Mapping[str, Any]) -> str:
    """The notebook that a cell comes from, where the runner noted it."""
    metadata = cell.get("metadata")
    ours = metadata.get("corrige") if isinstance(metadata, Mapping) else None
    name = ours.get("notebook") if isinstance(ours, Mapping) else None
    return name if isinstance(name, str) else ""


def _outputs(outputs: list[Any], allowance: _Allowance) -> Iterator[ShownOutput]:
    for output in outputs[:MOST_OUTPUTS]:
        if not isinstance(output, Mapping):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "text"
            yield _text(name, joined(output.get("text")), allowance)
        elif kind == "error":
            yield _text("error", _traceback(output), allowance)
        elif kind in ("display_data", "execute_result"):
            data = output.get("data")
            yield from _rich(data if isinstance(data, Mapping) else {}, allowance)
    if len(outputs) > MOST_OUTPUTS:
        left = len(outputs) - MOST_OUTPUTS
        yield ShownOutput("note", _("{n} further outputs are left out.").format(n=left))


def _traceback(output: Mapping[str, Any]) -> str:
    lines = output.get("traceback")
    said = f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}"
    if isinstance(lines, list) and lines:
        return "\n".join(line for line in lines if isinstance(line, str))
    return said


def _rich(data: Mapping[str, Any], allowance: _Allowance) -> Iterator[ShownOutput]:
    for kind in ("image/png", "image/jpeg"):
        if kind not in data:
            continue
        try:
            address, size = data_uri(kind, joined(data[kind]), allowance.picture_bytes)
        except PictureError:
            yield ShownOutput("note", _("A picture that cannot be shown is left out."))
        else:
            allowance.picture_bytes -= size
            yield ShownOutput("picture", joined(data.get("text/plain"))[:200], address)
            return
    plain = joined(data.get("text/plain"))
    html = joined(data.get("text/html"))
    if html and (not plain or _BARE.match(plain)):
        yield ShownOutput("note", _("The text of an HTML output:"))
        yield _text("text", _words(html), allowance)
    elif plain:
        yield _text("text", plain, allowance)
    elif data and not any(kind in data for kind in ("image/png", "image/jpeg")):
        named = ", ".join(str(kind)[:60] for kind in list(data)[:4])
        yield ShownOutput("note", _("An output of kind {kind} is not shown.").format(kind=named))


def _text(kind: str, text: str, allowance: _Allowance) -> ShownOutput:
    text = terminal(text[:LONGEST_PAGE]).rstrip()
    text, cut = shortened(text, min(LONGEST_OUTPUT, max(allowance.characters, 200)))
    allowance.characters -= len(text)
    if cut:
        note = _("{n} characters are left out in the middle").format(n=number(cut))
        text = text.replace("\n[…]\n", f"\n[… {note} …]\n", 1)
    return ShownOutput(kind, text)


class _Words(HTMLParser):
    """The words of a page: a tab between cells of a table, a line for each row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag in ("tr", "p", "div", "br", "li", "h1", "h2", "h3", "h4", "table"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style") and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(" ".join(data.split()))


def _words(html: str) -> str:
    reader = _Words()
    reader.feed(html[:LONGEST_SOURCE])
    lines = ("".join(reader.parts)).split("\n")
    return "\n".join(line.strip(" ") for line in lines if line.strip())

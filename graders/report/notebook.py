"""What is in the executed notebook? Cells and outputs as harmless text, code and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]  # ships no annotations
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # as above
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # as above

from graders.language import _
from graders.printable import visible
from graders.report.pictures import PictureAllowance, PictureError, data_uri
from graders.report.plain import number, shortened, terminal
from graders.report.prose import plain_prose, prose

LONGEST_SOURCE = 100_000  # characters
LONGEST_COLOURED = 20_000  # beyond it code is shown without colours: some texts take minutes
MOST_RENDERED = 400_000  # characters of code and prose of one page that are worked on
LONGEST_OUTPUT = 20_000
MOST_OUTPUTS = 100  # of one cell
LONGEST_PAGE = 4_000_000  # characters of output on one page

# what a rich object leaves as text when it only knows how to draw itself
_BARE = re.compile(r"^<[\w.]+ (object|at 0x)")

_TAG = re.compile(r"(<[^<>]*>)")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[^<>]*>")
_NEW_LINE = frozenset("tr p div br li h1 h2 h3 h4 table".split())


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
        self.pictures = PictureAllowance()
        self.characters = LONGEST_PAGE
        self._rendered = MOST_RENDERED

    def renders(self, source: str) -> bool:
        """Whether this text may still be worked on."""
        self._rendered -= len(source)
        return self._rendered >= 0


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
        body = code(source, coloured=allowance.renders(source))
        return ShownCell(index, "code", body, not source.strip(), outputs, failed, file)
    if kind == "markdown":
        attached = cell.get("attachments")
        pictures = attached if isinstance(attached, Mapping) else None
        if allowance.renders(source):
            body = prose(source, pictures, allowance.pictures)
        else:
            body = plain_prose(source)
        return ShownCell(index, "markdown", body, not source.strip(), file=file)
    body = Markup('<pre class="raw">{}</pre>').format(visible(source[:LONGEST_SOURCE]))
    return ShownCell(index, "raw", body, not source.strip(), file=file)


def code(source: str, coloured: bool = True) -> Markup:
    """Python with its colours as classes; one line, one line."""
    source = visible(source)
    if not coloured or len(source) > LONGEST_COLOURED:
        return Markup('<pre class="code">{}</pre>').format(shortened(source, LONGEST_SOURCE)[0])
    written = highlight(
        source, PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True)
    )
    return Markup(f'<pre class="code">{written}</pre>')  # Pygments escapes what it wraps


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
            address = data_uri(kind, joined(data[kind]), allowance.pictures)
        except PictureError:
            yield ShownOutput("note", _("A picture that cannot be shown is left out."))
        else:
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


def _words(html: str) -> str:
    """The words of a page: a tab between cells of a table, a line for each row.

    Not with a parser: the library's takes minutes over a hundred kilobytes of `<a`.
    """
    parts: list[str] = []
    silent = ""
    for piece in _TAG.split(html[:LONGEST_SOURCE]):
        tag = _TAG_NAME.match(piece)
        if tag is None:
            if not silent:
                parts.append(" ".join(unescape(piece).split()))
            continue
        closing, name = bool(tag[1]), tag[2].lower()
        if silent:
            silent = "" if closing and name == silent else silent
        elif name in ("script", "style") and not closing:
            silent = name
        elif not closing:
            parts.append("\t" if name in ("td", "th") else "\n" if name in _NEW_LINE else "")
    lines = "".join(parts).split("\n")
    return "\n".join(line.strip(" ") for line in lines if line.strip())

"""How is a Markdown cell shown? Rendered without raw HTML, links or outside pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import bleach  # type: ignore[import-untyped]  # ships no annotations
import mistune
from markupsafe import Markup, escape

from graders.printable import visible
from graders.report.pictures import PictureAllowance, PictureError, data_uri

LONGEST = 20_000  # characters; an exercise's text has hundreds
LONGEST_PLAIN = 100_000
TAGS = frozenset(
    {"p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li"}
    | {"span", "div", "img", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = {
    "span": ["class"],
    "div": ["class"],
    "code": ["class"],
    "ol": ["start"],
    "img": ["src", "alt"],
}

_PLACE = re.compile(r'(?<=<img )src="data:(\d+)"')


class _Renderer(mistune.HTMLRenderer):
    """Links become text followed by their address; pictures only come from attachments."""

    def __init__(self, attachments: Mapping[str, Any], allowance: PictureAllowance) -> None:
        super().__init__(escape=True)
        self._attachments, self._allowance = attachments, allowance
        self.shown: list[str] = []
        self._refused: set[str] = set()  # not to be decoded again for each mention

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if unquote(url) in text or url.startswith("#"):
            return text
        return f'{text} <span class="address">({escape(url)})</span>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        alt = escape(Markup(text).striptags())
        name = unquote(url).removeprefix("attachment:")
        offered = self._attachments.get(name)
        if (
            url.startswith("attachment:")
            and isinstance(offered, Mapping)
            and (name not in self._refused)
        ):
            for kind, encoded in offered.items():
                try:
                    address = data_uri(str(kind), _text(encoded), self._allowance)
                except PictureError:
                    continue
                self.shown.append(address)
                return f'<img src="data:{len(self.shown) - 1}" alt="{alt}">'
            self._refused.add(name)
        kept = url if len(url) < 200 else url[:200] + "…"
        return f'<span class="address">[{alt} {escape(kept)}]</span>'

    def inline_math(self, text: str) -> str:
        return f'<span class="math">${escape(text)}$</span>'

    def block_math(self, text: str) -> str:
        return f'<div class="math">$$\n{escape(text)}\n$$</div>\n'

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        # the page has its own h1 and h2
        return f"<h{min(level + 2, 6)}>{text}</h{min(level + 2, 6)}>\n"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def plain_prose(source: str) -> Markup:
    """Markdown as it was written, for what cannot be rendered."""
    return Markup('<pre class="raw">{}</pre>').format(visible(source)[:LONGEST_PLAIN])


def prose(
    source: str,
    attachments: Mapping[str, Any] | None = None,
    allowance: PictureAllowance | None = None,
) -> Markup:
    """Markdown as HTML that can do nothing. What is too long or too tangled is shown as it is."""
    source = visible(source)
    if len(source) <= LONGEST:
        try:
            renderer = _Renderer(attachments or {}, allowance or PictureAllowance())
            rendered = mistune.create_markdown(
                renderer=renderer,
                plugins=["table", "strikethrough", "math"],
            )(source)
            cleaned = bleach.clean(
                str(rendered), tags=TAGS, attributes=ATTRIBUTES, protocols={"data"}
            )
            # Pictures of megabytes are put in where the cleaning left their places.
            whole = _PLACE.sub(lambda m: f'src="{renderer.shown[int(m[1])]}"', cleaned)
            return Markup(whole)  # escaped by the renderer, then reduced to TAGS
        except (RecursionError, ValueError, IndexError, KeyError):
            pass
    return plain_prose(source)

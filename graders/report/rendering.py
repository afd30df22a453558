"""How does a template become a page? One strict environment: everything escaped, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from graders.language import _, current
from graders.printable import visible
from graders.report.plain import number, seconds
from graders.report.wording import (
    arithmetic,
    costs_nothing,
    icon_name,
    items,
    lateness_words,
    mark_text,
    notebook_sign,
    notebook_words,
    source_words,
    status_word,
    verdict_word,
)
from graders.scoring.late import say_moment, taken

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, *, script: str = "", **values: object) -> str:
    """The page, with its styles inside and a policy that allows nothing else.

    `script` names a file beside the templates; it is the only script that the page may run.
    """
    source = (TEMPLATES / script).read_text("utf-8") if script else ""
    return (
        _environment()
        .get_template(template)
        .render(
            css=_css(),
            script=Markup(source),  # our own file
            policy=policy(source),
            language=current(),
            **values,
        )
    )


def policy(script: str = "") -> str:
    """The Content-Security-Policy of a page whose only styles and script are ours."""
    rules = f"default-src 'none'; style-src {_hash(_css_of_page())}; img-src data:"
    rules += "; base-uri 'none'; form-action 'none'"
    if script:
        rules += f"; script-src {_hash(script)}"
    return rules


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _css_of_page() -> str:
    """The styles between their tags, as the template puts them there."""
    return f"\n{_css()}\n"


@cache
def _css() -> Markup:
    parts = ("page.css", "figures.css", "notebook.css")
    return Markup("\n".join((TEMPLATES / part).read_text("utf-8") for part in parts))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = lambda text: quote(str(text), safe="", errors="replace")
    environment.filters["anchor"] = _anchor
    environment.globals.update(
        _=_,
        number=number,
        seconds=seconds,
        mark_text=mark_text,
        notebook_sign=notebook_sign,
        notebook_words=notebook_words,
        status_word=status_word,
        verdict_word=verdict_word,
        icon_name=icon_name,
        items=items,
        arithmetic=arithmetic,
        costs_nothing=costs_nothing,
        lateness_words=lateness_words,
        say_moment=say_moment,
        source_words=source_words,
        taken=taken,
    )
    return environment


def _harmless(value: object) -> object:
    """Text without control characters. Markup was made by us and is left as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _anchor(name: str) -> str:
    """An id that needs no escape in an attribute or after `#`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)

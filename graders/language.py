"""Which language is the user reading? English in the code, Spanish through gettext.

`locale/<lang>/corrige.po` is read as it is: no compiled catalogue to forget.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

LANGUAGES = ("es", "en")
DEFAULT = "es"

_current: ContextVar[str] = ContextVar("corrige_language", default=DEFAULT)


@cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    source = Path(__file__).parent / "locale" / language / "corrige.po"
    if not source.is_file():
        return _gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with source.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=language))
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything said inside is in this language. Raises ValueError for one we do not speak."""
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}: one of {', '.join(LANGUAGES)}")
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """The language now spoken, `es` or `en`."""
    return _current.get()


def _(message: str) -> str:
    """The message in the language now spoken (the English text is the key)."""
    return _catalogue(_current.get()).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The form of the message that fits n."""
    return _catalogue(_current.get()).ngettext(one, many, n)

"""How is text from outside made harmless to show, in a page, a file or a terminal?

Everything that a student named, wrote or printed passes here before it is said again. Escaping
for HTML, XML or a spreadsheet is the writer's own matter.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

# U+202A-202E and U+2066-2069 reorder the text around them: a reader must see that they are there.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("[\r\n\t\u2028\u2029]+")


def visible(text: str) -> str:
    """The text without control characters, and with those that reorder it shown as `[U+202E]`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return _REORDERING.sub(lambda match: f"[U+{ord(match.group()):04X}]", text)


def one_line(text: str) -> str:
    """Visible text on one line: for names, and for a line of a terminal."""
    return visible(_BREAKS.sub(" ", text))


def writable(text: str) -> str:
    """The text without lone surrogates, which no file in UTF-8 can hold."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _writable_if_text(value: Any) -> Any:
    return writable(value) if isinstance(value, str) else value


VisibleText = Annotated[str, AfterValidator(visible)]
VisibleLine = Annotated[str, AfterValidator(one_line)]
WritableText = Annotated[str, BeforeValidator(_writable_if_text)]

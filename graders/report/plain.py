"""How do outputs and numbers read? What a terminal would show, long texts cut, figures as written.

Escaping for HTML is not done here: the templates and `svg` do it, always.
"""

from __future__ import annotations

import re
from decimal import Decimal

from graders.language import current
from graders.printable import visible

_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # OSC and other strings
    r"|\x1b[ -/]*[0-~]"
)


def terminal(text: str) -> str:
    """What a terminal would be left showing: no colour codes, a progress bar's last state only."""
    text = _TERMINAL.sub("", text.replace("\r\n", "\n"))
    lines = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(states[-1] if states else "")
    return visible("\n".join(lines))


def shortened(text: str, limit: int) -> tuple[str, int]:
    """Beginning and end of a long text, and how many characters were left out between them."""
    if len(text) <= limit:
        return text, 0
    head, tail = limit * 3 // 4, limit // 4
    return text[:head] + "\n[…]\n" + text[-tail:], len(text) - head - tail


def number(value: Decimal | float | int, places: int = 3) -> str:
    """A number as the reader writes it: decimal comma in Spanish, no zeros at the end."""
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        text = "0"
    text = text.replace("-", "\N{MINUS SIGN}")
    return text.replace(".", ",") if current() == "es" else text


def seconds(value: float) -> str:
    """A duration in the unit that reads best."""
    if value < 60:
        return f"{number(value, 1 if value >= 1 else 2)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"

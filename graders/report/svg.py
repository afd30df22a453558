"""How is a drawing written? Elements of SVG as escaped, well-formed markup."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from graders.printable import visible

Value = str | float | int | None


def element(name: str, attributes: dict[str, Value], *children: str | Markup) -> Markup:
    """`<name ...>children</name>`; text is escaped, attributes of None are left out."""
    written = "".join(
        f' {key}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{name}{written}/>")
    inside = "".join(
        str(child) if isinstance(child, Markup) else str(escape(visible(child)))
        for child in children
    )
    return Markup(f"<{name}{written}>{inside}</{name}>")


def drawing(
    width: float, height: float, label: str, css: str, parts: Iterable[Markup], **more: Value
) -> Markup:
    """A whole drawing that scales down with its column. `label` is what a screen reader says."""
    return element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": css,
            "viewBox": f"0 0 {_written(width)} {_written(height)}",
            "width": width,
            "height": height,
            "role": "img",
            "aria-label": label,
            **more,
        },
        *parts,
    )


def text(x: float, y: float, content: str, css: str, anchor: str = "start") -> Markup:
    return element("text", {"x": x, "y": y, "class": css, "text-anchor": anchor}, content)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": css})


def box(
    x: float, y: float, width: float, height: float, css: str, *inside: Markup, radius: float = 0
) -> Markup:
    return element(
        "rect",
        {
            "x": x,
            "y": y,
            "width": width,
            "height": height,
            "rx": radius or None,
            "class": css,
        },
        *inside,
    )


def path(steps: str, css: str) -> Markup:
    return element("path", {"d": steps, "class": css})


def point(x: float, y: float) -> str:
    """A pair of coordinates as a path writes it."""
    return f"{_written(x)} {_written(y)}"


def title(content: str) -> Markup:
    return element("title", {}, content)


def _written(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return visible(str(value))

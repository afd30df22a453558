"""Which parts does the file have, however wrong they are? So that all problems are told at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from graders.rubric.problems import Fault, Place

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """Keys and values somewhere in the file, not yet known to be right."""

    place: Place
    keys: dict[Any, Any]

    def get(self, key: str, kind: type[T]) -> T | None:
        """The value when it is there and of that kind."""
        value = self.keys.get(key)
        return value if isinstance(value, kind) else None

    def fault(self, at: str | Place, message: str) -> Fault:
        """A fault at a key, or at steps further in."""
        return Fault((*self.place, *((at,) if isinstance(at, str) else at)), message)

    def parts(self, key: str) -> list[Part]:
        """The parts in the list under a key."""
        listed = self.get(key, list) or []
        return [
            Part((*self.place, key, index), value)
            for index, value in enumerate(listed)
            if isinstance(value, dict)
        ]

    def texts(self, key: str) -> Iterator[tuple[int, str]]:
        """The texts in the list under a key, with their positions."""
        for index, value in enumerate(self.get(key, list) or []):
            if isinstance(value, str):
                yield index, value


def outline(data: Any) -> Part:
    """The whole file as a part; empty when it is not keys with values."""
    return Part((), data if isinstance(data, dict) else {})

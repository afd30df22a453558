"""Are these two names of one person? The same words in any order, without accents or case."""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

Name = NewType("Name", tuple[str, ...])


def name_of(text: str) -> Name:
    """The words of a name, sorted: "García, Ana" and `ana_garcia` are the same name."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return Name(tuple(sorted(re.findall(r"[^\W_]+", letters))))


def alike(one: Name, other: Name) -> bool:
    """Two names that may be one person's, of which one leaves out what the other says: worth
    asking, never enough to take them for the same."""
    shorter, longer = sorted((set(one), set(other)), key=len)
    return one != other and len(shorter) >= 2 and shorter <= longer

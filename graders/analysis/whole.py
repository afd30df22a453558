"""A submission as a whole: all of its notebooks, and the documents beside them.

A question may be answered anywhere: in a notebook that was handed out, in one of the student's
own, in a report. What each holds is read when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graders.evidence.documents import Document
from graders.evidence.passages import Passage, passages
from graders.evidence.questions import Answer, Question

if TYPE_CHECKING:
    from graders.analysis.reading import Reading

OTHERS = ""  # the part of all notebooks that were not handed out


@dataclass(frozen=True)
class Placed:
    """A passage and where it stands: the part's id, and `cell` as a finding may name it."""

    passage: Passage
    part: str
    cell: int


class Whole:
    """What one submission holds.

    `readers` give the readings of the parts that ran, by template ("": the other notebooks);
    `starts` is where their cells begin among those of all, counted from the first cell of the
    other notebooks (below zero for what stands before them); `names` are the parts' titles.
    `untouched` when it is only notebooks as they were handed out.
    """

    def __init__(
        self,
        readers: Mapping[str, Callable[[], Reading]],
        documents: Sequence[Document] = (),
        *,
        starts: Mapping[str, int] | None = None,
        names: Mapping[str, str] | None = None,
        untouched: bool = False,
    ) -> None:
        self._readers, self.untouched = readers, untouched
        self._starts, self._names = starts or {}, names or {}
        self.documents = tuple(documents)

    @property
    def parts(self) -> tuple[str, ...]:
        """The ids of the parts that ran."""
        return tuple(self._readers)

    def __getitem__(self, part: str) -> Reading:
        """A part's reading. Raises KeyError when it did not run, EvidenceError."""
        return self._readers[part]()

    def readings(self) -> Iterator[tuple[str, Reading]]:
        """Every part that ran, with its id, in order. Raises EvidenceError."""
        return ((part, self[part]) for part in self._readers)

    def name(self, part: str) -> str:
        """The part's title, "" for notebooks that were not handed out."""
        return self._names.get(part, part)

    def cell(self, part: str, index: int) -> int:
        """A cell of a part's executed notebook, as a finding of a check of the whole names it."""
        return self._starts.get(part, 0) + index

    def ask(self, *questions: Question) -> dict[str, tuple[Answer, ...]]:
        """What each part's notebooks answered, by the part's id."""
        return {part: reading.ask(*questions) for part, reading in self.readings()}

    @cached_property
    def passages(self) -> tuple[Placed, ...]:
        """All that stands written in the notebooks, in order. Documents are apart."""
        return tuple(
            Placed(passage, part, self.cell(part, passage.cell))
            for part, reading in self.readings()
            for passage in passages(reading.folder)
        )

    @property
    def illegible(self) -> bool:
        """Is there something that somebody may have written an answer on and that cannot be read:
        a picture put into a notebook or a document, a document of another kind?"""
        drawn = (p for p in self.passages if p.passage.picture)
        put = any(
            p.passage.kind == "prose" or (p.passage.kind == "code" and p.part == OTHERS)
            for p in drawn
        )  # handed-out code may load pictures of its own
        return put or any(document.pictures or document.problem for document in self.documents)

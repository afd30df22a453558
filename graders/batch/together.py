"""What do the checks of a whole submission see? All of its runs, and the documents beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from graders.batch.part import Part, joined_key
from graders.batch.remembered import Remembered
from graders.evidence.documents import Document

if TYPE_CHECKING:
    from graders.analysis import Reading


class Together:
    """The parts of a submission that can be read, at least one, seen by one check.

    `reading` is that of the notebooks that were not handed out (of nothing when there are none),
    and from it everything else is reached.
    """

    id = ""  # cells are counted from those notebooks

    def __init__(
        self,
        parts: Sequence[Part],
        documents: Sequence[Document],
        *,
        starts: Mapping[str, int],
        names: Mapping[str, str],
        lost: str = "",
    ) -> None:
        """`starts` says where each part's cells begin among those of all, `names` its title, `lost`
        why some part could not be run that should have been."""
        self._parts, self._documents, self._lost = tuple(parts), tuple(documents), lost
        self._starts, self._names = starts, names

    @cached_property
    def reading(self) -> Reading:
        """Raises EvidenceError."""
        from graders import analysis  # brings torch

        own = next((part for part in self._parts if not part.id), None)
        reading = own.reading if own is not None else analysis.read_nothing()
        reading.whole = analysis.Whole(
            {part.id: _reader(part) for part in self._parts},
            self._documents,
            starts={name: start - self._starts.get("", 0) for name, start in self._starts.items()},
            names=self._names,
            untouched=not self._documents and all(part.untouched for part in self._parts),
        )
        return reading

    @property
    def remembered(self) -> Remembered:
        """What was answered before; it is kept with the last part, that of the other notebooks."""
        return self._parts[-1].remembered

    @property
    def seen(self) -> str:
        """Names all that a check of the whole sees."""
        ids = [f"{part.id} {part.seen}" for part in self._parts]
        return joined_key(["whole", *ids, *(d.digest for d in self._documents)])

    @property
    def cut_short(self) -> str:
        """Why what was not seen may not be the student's doing; "" when the runs tell all."""
        told = (part.cut_short for part in self._parts)
        return self._lost or next(filter(None, told), "")


def _reader(part: Part) -> Callable[[], Reading]:
    return lambda: part.reading

"""What became of each notebook that was handed out? A line for the result of a submission."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from graders.printable import VisibleLine

# Flags about errors that are not the student's.
ENVIRONMENT, AS_HANDED_OUT = "environment", "as_handed_out"


class NotebookState(StrEnum):
    """What is to be seen of a notebook before it is judged."""

    ABSENT = "absent"  # not handed in
    UNTOUCHED = "untouched"  # every cell to fill in is as it was handed out
    PARTLY = "partly"  # some of them are
    FILLED_IN = "filled_in"


class NotebookResult(BaseModel):
    """One of the notebooks that were handed out. `right` of the `asked` criteria are met."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    number: str  # a short name: 6.3
    state: NotebookState
    asked: int = 0  # criteria of it that a check answers
    right: int = 0  # of these, met
    open: int = 0  # of these, for a person to settle
    exercises: tuple[str, ...] = ()  # ids of those that its criteria belong to
    file: VisibleLine = ""
    left_out: tuple[VisibleLine, ...] = ()  # further copies of it, which do not count
    environment: bool = False  # an error in it is the environment's

    @property
    def blank(self) -> bool:
        """Is there nothing of the student's in it? What is solved beside the cells left for it
        counts."""
        empty = (NotebookState.ABSENT, NotebookState.UNTOUCHED)
        return self.state in empty and not self.right

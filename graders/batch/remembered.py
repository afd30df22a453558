"""What was answered before for the same evidence, by the same grader, in the same language?

A rubric that only counts differently asks the same checks with the same parameters: their answers
are kept beside the evidence, so that marking again need not read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from graders.report.exhibits import Exhibits
from graders.rubric.model import Criterion
from graders.scoring.result import Flag, Verdict


class Answers(BaseModel):
    """One file of answers. `verdicts` by check and parameters; the rest None until asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdicts: dict[str, Verdict] = {}
    flags: tuple[Flag, ...] | None = None
    exhibits: Exhibits | None = None


class Remembered:
    """Answers kept for one piece of evidence; a file that cannot be read is as good as none."""

    def __init__(self, folder: Path, *, grader: str, language: str) -> None:
        """`folder` is the evidence's; `grader` the digest of all that answers depend on."""
        stamp = hashlib.sha256(f"{grader} {language}".encode()).hexdigest()[:32]
        self._path = folder / "answers" / f"{stamp}.json"
        try:
            self.answers = Answers.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            self.answers = Answers()
        self._before = self.answers

    @staticmethod
    def key(criterion: Criterion, seen: str = "") -> str:
        """The question a criterion asks, whatever it is called and worth; `seen` names what its
        check sees, where that is more than the evidence that this is kept for."""
        asked = f"{criterion.check} {json.dumps(criterion.params, sort_keys=True, default=str)}"
        return f"{asked} {seen}".rstrip()

    def verdict(self, criterion: Criterion, seen: str = "") -> Verdict | None:
        """The answer to the criterion's question, under its id."""
        known = self.answers.verdicts.get(self.key(criterion, seen))
        return known.model_copy(update={"id": criterion.id}) if known is not None else None

    def keep(
        self,
        *,
        verdicts: dict[str, Verdict] | None = None,
        flags: tuple[Flag, ...] | None = None,
        exhibits: Exhibits | None = None,
    ) -> None:
        """Add answers. A fault of the grader is no answer."""
        sound = {k: v for k, v in (verdicts or {}).items() if not v.grader_fault}
        self.answers = Answers(
            verdicts=self.answers.verdicts | sound,
            flags=flags if flags is not None else self.answers.flags,
            exhibits=exhibits if exhibits is not None else self.answers.exhibits,
        )

    def save(self) -> None:
        """Write what is new, whole or not at all; a full disk only costs time next time."""
        if self.answers == self._before:
            return
        try:
            self._path.parent.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(self.answers.model_dump_json())
            os.replace(name, self._path)
        except OSError:
            return
        self._before = self.answers

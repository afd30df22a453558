"""What is to be done? One job: a rubric, submissions, data and how to mark them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from graders import rubric as rubrics
from graders.batch import data as data_files
from graders.batch import lateness, profiles
from graders.batch.environments import in_its_environment
from graders.batch.problems import UsageProblem
from graders.intake.submission import Submission
from graders.language import LANGUAGES, _
from graders.rubric.model import DataFile, Rubric

_OBEYED = ("rubrics", "reference", "data", ".corrige")  # looked for in the current folder


class Options(BaseModel):
    """How to mark. `workers` 0 means as many as there are cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Path = Path("reports")
    data: Path | None = None
    language: str = "es"
    sandbox: str = "auto"
    rerun: bool = False
    workers: int = 0
    own: bool = False  # one's own work on one's own machine
    data_profile: str = ""  # of the rubric: smaller image sets


class Job(BaseModel):
    """All that a worker has to know, as data. Paths are absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rubric: Rubric
    submissions: tuple[Submission, ...]
    data: dict[str, Path]  # name of the rubric's data file -> where it is
    out: Path  # folder of this assignment's reports
    language: str
    sandbox: str
    rerun: bool = False
    evidence: Path | None = None  # where it is kept, if not in the usual place
    data_profile: str = ""  # by which the image sets were made smaller
    at_once: int = 1  # notebooks of one submission that may run side by side

    @property
    def data_files(self) -> dict[DataFile, Path]:
        return {f: self.data[f.name] for f in self.rubric.data if f.name in self.data}

    def submission(self, submission_id: str) -> Submission:
        """The submission of this id. Raises KeyError."""
        for submission in self.submissions:
            if submission.id == submission_id:
                return submission
        raise KeyError(submission_id)


def prepare(assignment: str, paths: Sequence[Path], options: Options) -> Job:
    """Everything that can be wrong before anything runs is found here.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    from graders.intake import collect

    rubric = rubrics.load(rubrics.find(assignment))
    absent = [str(path) for path in paths if not path.exists()]
    if absent:
        raise UsageProblem(_("There is no {paths}.").format(paths=", ".join(absent)))
    submissions = collect([path.absolute() for path in paths], rubric, own=options.own)
    if options.own:
        rubric = lateness.undated(rubric)
    if not submissions:
        raise UsageProblem(
            _("There is nothing to mark in {paths}.").format(paths=", ".join(map(str, paths)))
        )
    theirs = _folders_of_students([s.given or s.root for s in submissions], paths)
    if not options.own:
        _not_from_within(theirs)
    return job_for(submissions, rubric, options, apart=() if options.own else theirs)


def _folders_of_students(roots: Sequence[Path], paths: Sequence[Path]) -> list[Path]:
    """The roots that are all a student's: not the folder in which lone notebooks lie."""
    lone = {path.absolute().parent for path in paths if path.is_file()}
    return [
        root
        for root in roots
        if root not in lone
        and roots.count(root) == 1
        and not any(other != root and other.is_relative_to(root) for other in roots)
    ]


def _not_from_within(theirs: Sequence[Path]) -> None:
    """A submission that is the current folder must not say how it is marked.

    Raises UsageProblem when it holds what would be taken from the current folder.
    """
    here = Path.cwd().resolve()
    if not any(here.is_relative_to(root.resolve()) for root in theirs):
        return
    planted = [name for name in _OBEYED if (here / name).exists()]
    if planted:
        raise UsageProblem(
            _(
                "The current folder belongs to a submission and holds {names}, which must not say "
                "how it is marked: start from another folder."
            ).format(names=", ".join(planted))
        )


def job_for(
    submissions: Sequence[Submission],
    rubric: Rubric,
    options: Options,
    apart: Sequence[Path] = (),
) -> Job:
    """The job of marking these submissions; no data are taken from the folders `apart`.

    Raises UsageProblem or SandboxUnavailable.
    """
    from graders.sandbox import choose

    if options.language not in LANGUAGES:
        raise UsageProblem(
            _("Unknown language {language}: one of {known}.").format(
                language=options.language, known=", ".join(LANGUAGES)
            )
        )
    rubric = in_its_environment(rubric, own=options.own)
    located = data_files.locate(rubric, options.data, apart)
    if options.data_profile:
        located = profiles.shrunk(rubric, located, options.data_profile)
    return Job(
        rubric=rubric,
        submissions=tuple(sorted(submissions, key=lambda s: s.id.casefold())),
        data={file.name: path for file, path in located.items()},
        out=(options.out / rubric.assignment).absolute(),
        language=options.language,
        sandbox=choose(options.sandbox).name,
        rerun=options.rerun,
        data_profile=options.data_profile,
    )

"""Are the files of a course right, all of them, before anything is graded?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.course.coherence import course_faults, decision_faults, unknown_students
from graders.course.form import CourseForm, DecisionsForm
from graders.course.model import Course, Decisions
from graders.course.names import Name
from graders.language import _
from graders.rubric import Problem, RubricError
from graders.rubric.lookup import COURSE, SUFFIXES, folders
from graders.rubric.problems import did_you_mean
from graders.rubric.shape import read_form
from graders.rubric.source import Source, read_source


@dataclass(frozen=True)
class Written:
    """Decisions with the file that they were read from, if there is one."""

    decisions: Decisions
    source: Source | None = None

    def check_students(self, known: dict[Name, str]) -> None:
        """Raises RubricError, with file and line, for students that are not among these."""
        if self.source is None:
            return
        problems = self.source.problems(unknown_students(self.source.data, known))
        if problems:
            raise RubricError(problems)

    def problem(self, place: tuple[str | int, ...], message: str) -> RubricError:
        """What is wrong at a place of the file, as an error."""
        if self.source is None:
            raise LookupError("decisions without a file say nothing wrong")
        return RubricError([Problem(self.source.path, self.source.line(place), message)])


def find_course(name_or_path: str) -> Path:
    """The file of a course such as "udl", or of a path. Raises RubricError if there is none."""
    path = Path(name_or_path)
    if path.suffix in SUFFIXES or path.name != name_or_path:
        if path.is_file():
            return path
        raise RubricError([Problem(path, None, _("There is no such file."))])
    known: dict[str, Path] = {}
    for folder in folders():
        for found in sorted(folder.glob(f"{COURSE}*.y*ml")):
            name = found.stem.removeprefix(COURSE)
            if found.suffix in SUFFIXES and "." not in name:
                known.setdefault(name, found)
    asked = name_or_path.removeprefix(COURSE)
    if asked in known:
        return known[asked]
    message = _("There is no course '{name}'.").format(name=asked) + did_you_mean(asked, [*known])
    raise RubricError([Problem(folders()[0] / f"{COURSE}{asked}.yaml", None, message)])


def load_course(path: Path) -> Course:
    """The course in a YAML file. Raises RubricError with every problem found in it."""
    source = read_source(path)
    form, misshapen = read_form(source.data, CourseForm, _("The course"))
    problems = source.problems([*misshapen, *course_faults(source.data)])
    if problems or form is None:
        raise RubricError(problems)
    return form.to_model(f"{path.stem}.decisions{path.suffix}")


def load_decisions(path: Path, course: Course) -> Written:
    """What was decided about the students of a course, in a YAML file.

    Whether those students exist is only known with the reports: `Written.check_students`. Raises
    RubricError with every problem found in it.
    """
    source = read_source(path)
    data: Any = source.data
    form, misshapen = read_form(data, DecisionsForm, _("The file of decisions"))
    problems = source.problems([*misshapen, *decision_faults(data, course)])
    if problems or form is None:
        raise RubricError(problems)
    return Written(form.to_model(course), source)

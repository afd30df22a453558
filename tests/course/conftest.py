"""A course like the one that ships, and marked submissions as `corrige grade` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from graders.course import Course, Marked, load_course, load_decisions
from graders.course.loading import Written
from graders.course.model import Decisions
from graders.language import speaking

RUBRICS = Path(__file__).parents[2] / "rubrics"
Marks = dict[str, tuple[Marked, ...]]
Decide = Callable[[str], Written]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


@pytest.fixture(scope="session")
def course() -> Course:
    return load_course(RUBRICS / "course-udl.yaml")


@pytest.fixture
def decide(course: Course, tmp_path: Path) -> Decide:
    """Decisions from the text of their file; none from ""."""

    def decide(text: str) -> Written:
        if not text:
            return Written(Decisions())
        path = tmp_path / "decisions.yaml"
        path.write_text(text, encoding="utf-8")
        return load_decisions(path, course)

    return decide


def marked(
    assignment: str,
    submission: str,
    low: object,
    high: object = None,
    by: tuple[str, ...] = (),
    of: object = 20,
    received: bool = True,
) -> Marked:
    """One marked submission; settled without `high`."""
    ends = (Decimal(str(low)), Decimal(str(low if high is None else high)))
    return Marked(assignment, submission, by, *ends, Decimal(str(of)), received)


def handed(*submissions: Marked) -> Marks:
    """By assignment of the course; one without any is not marked yet."""
    return {
        name: tuple(one for one in submissions if one.assignment == name)
        for name in ("t1", "t2", "t3", "t4")
    }

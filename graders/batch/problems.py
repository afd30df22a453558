"""What can the user put right? One calm sentence, no traceback."""

from __future__ import annotations


class UsageProblem(Exception):  # noqa: N818 - told to the user, not a defect
    """Nothing was run because of something that the user can put right (exit status 2)."""


def usage_problems() -> tuple[type[Exception], ...]:
    """Everything that the user can put right, from whichever room it comes."""
    from graders.rubric.problems import RubricError
    from graders.sandbox import SandboxUnavailable

    return (UsageProblem, RubricError, SandboxUnavailable)

"""Marks a class of fake submissions in a process of its own: `drive.py CLASS OUT [-n N] [--rerun]`.

The test that calls it may kill or interrupt it.
"""

import argparse
import signal
import sys
from decimal import Decimal
from pathlib import Path

import fake_rooms  # noqa: F401 - puts the fakes in place

from graders.batch.grade import run
from graders.batch.job import Job
from graders.batch.problems import UsageProblem
from graders.intake.submission import Submission
from graders.rubric.model import Criterion, Exercise, Penalty, Rubric, Text


def text(words):
    return Text(es=words, en=words)


def rubric(*checks):
    penalty = Penalty(unit="percent", amount=Decimal(50))
    criteria = [
        Criterion(id="e1.works", text=text("It works"), check="fake.works", penalty=penalty),
        Criterion(
            id="e1.after", text=text("After"), check="fake.after", needs=("e1.works",), penalty=None
        ),
        *(
            Criterion(id=f"e1.{name}", text=text(name), check=f"fake.{name}", penalty=penalty)
            for name in checks
        ),
        Criterion(id="e1.explained", text=text("Explained"), manual=True),
    ]
    exercise = Exercise(id="e1", title=text("One"), points=Decimal(2), criteria=tuple(criteria))
    return Rubric(assignment="fake", title=text("Fake"), exercises=(exercise,), digest="d")


def main():
    # As a shell starts it in the foreground, whatever the tests themselves were started with.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("-n", type=int, default=2)
    parser.add_argument("--rerun", action="store_true")
    parser.add_argument("--check", action="append", default=[])
    parser.add_argument("--lang", default="en")
    given = parser.parse_args()
    submissions = [
        Submission(
            id=path.name,
            root=path.resolve(),
            notebooks=tuple(p.relative_to(path) for p in sorted(path.glob("*.ipynb"))),
            problems=() if list(path.glob("*.ipynb")) else ("There is no notebook in it.",),
        )
        for path in sorted(given.folder.iterdir())
    ]
    job = Job(
        rubric=rubric(*given.check),
        submissions=tuple(submissions),
        data={},
        out=(given.out / "fake").absolute(),
        language=given.lang,
        sandbox="none",
        rerun=given.rerun,
    )
    try:
        sys.exit(run(job, given.n, ["-p", "fake_rooms"]))
    except UsageProblem as problem:
        print(problem)
        sys.exit(2)


if __name__ == "__main__":
    main()

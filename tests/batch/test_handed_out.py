"""What became of each handed-out notebook is said, whatever was handed in."""

from pathlib import Path

import pytest

from graders.batch.handed_out import notebook_result
from graders.batch.job import Job
from graders.batch.part import Part, split
from graders.intake.submission import HandedOut, Submission
from graders.language import speaking
from graders.report.wording import notebook_sign, notebook_words
from graders.rubric.model import Criterion, Exercise, Rubric, Template, Text
from graders.scoring.notebooks import NotebookState
from graders.scoring.result import Verdict, VerdictKind

TEXT = Text(es="a", en="a")
MET, VIOLATED, UNDECIDED = VerdictKind.MET, VerdictKind.VIOLATED, VerdictKind.UNDECIDED
TEMPLATE = Template(
    id="nb6_3",
    title=Text(es="6.3 Descenso", en="6.3 Descent"),
    heading="notebook 6.3 descent",
    cells={"a": "1", "b": "2", "c": "3"},
    todo=("a", "b"),
)
CRITERIA = tuple(
    Criterion(id=f"nb6_3.{name}", text=TEXT, check="textbook.todo", notebook="nb6_3")
    for name in ("loss", "sgd")
)


@pytest.fixture
def line(tmp_path):
    """The line of a notebook of which those cells are unchanged, with those verdicts."""

    def line(unchanged, kinds, repeated=()):
        rubric = Rubric(
            assignment="t",
            title=TEXT,
            exercises=(Exercise(id="e", title=TEXT, points=1, criteria=CRITERIA),),
            notebooks=(TEMPLATE,),
        )
        copies = {}
        if unchanged is not None:
            copy = HandedOut(
                path=Path("Chap06/6_3.ipynb"),
                unchanged=unchanged,
                repeated=tuple(map(Path, repeated)),
            )
            copies = {"nb6_3": copy}
        paths = tuple(copy.path for copy in copies.values())
        submission = Submission(id="ana", root=tmp_path, notebooks=paths, copies=copies)
        job = Job(
            rubric=rubric,
            submissions=(submission,),
            data={},
            out=tmp_path,
            language="en",
            sandbox="none",
        )
        of, template = split(submission, rubric)[0]
        verdicts = {
            c.id: Verdict(id=c.id, verdict=kind) for c, kind in zip(CRITERIA, kinds, strict=True)
        }
        with speaking("en"):
            found = notebook_result(Part(of, job, template), rubric, verdicts, ran=False)
            return found, notebook_words(found), notebook_sign(found)

    return line


@pytest.mark.parametrize(
    ("unchanged", "kinds", "state", "words", "sign"),
    [
        (None, (VIOLATED, VIOLATED), NotebookState.ABSENT, "Not handed in", "not_assessed"),
        (
            ("a", "b", "c"),
            (VIOLATED, VIOLATED),
            NotebookState.UNTOUCHED,
            "TODO cells unchanged",
            "violated",
        ),
        (("b", "c"), (MET, VIOLATED), NotebookState.PARTLY, "1 of 2 right", "violated"),
        (("c",), (MET, MET), NotebookState.FILLED_IN, "All 2 right", "met"),
        (
            ("c",),
            (MET, UNDECIDED),
            NotebookState.FILLED_IN,
            "1 of 2 right, 1 for a person",
            "undecided",
        ),
        ((), (VIOLATED, VIOLATED), NotebookState.FILLED_IN, "0 of 2 right", "violated"),
        # solved in cells of their own, beside those that were left for it
        (("a", "b"), (MET, MET), NotebookState.UNTOUCHED, "All 2 right", "met"),
    ],
)
def test_what_is_said_of_it(line, unchanged, kinds, state, words, sign):
    found, said, drawn = line(unchanged, kinds)
    assert (found.state, said, drawn) == (state, words, sign)
    assert (found.number, found.exercises) == ("6.3", ("e",))


def test_which_of_several_copies_counts_is_said(line):
    found, _said, _sign = line((), (MET, MET), repeated=["6_3 (1).ipynb"])
    assert (found.file, found.left_out) == ("Chap06/6_3.ipynb", ("6_3 (1).ipynb",))


def test_the_part_of_all_other_notebooks_has_no_line(tmp_path):
    submission = Submission(id="ana", root=tmp_path, notebooks=())
    rubric = Rubric(assignment="t", title=TEXT, exercises=())
    job = Job(rubric=rubric, submissions=(), data={}, out=tmp_path, language="en", sandbox="none")
    assert notebook_result(Part(submission, job), rubric, {}, ran=False) is None

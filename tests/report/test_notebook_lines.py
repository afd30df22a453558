"""Fourteen notebooks of one submission, in its report and on the page of the class."""

import pytest

from graders.language import speaking
from graders.report import Exhibits
from graders.report.class_page import class_page
from graders.report.notebook import cells
from graders.report.pages import notebook_page, report_page
from graders.rubric.model import Exercise, Rubric, Text
from graders.scoring.notebooks import ENVIRONMENT, NotebookResult, NotebookState
from graders.scoring.result import Flag
from tests.report.test_pages import Page, check_safe

TEXT = Text(es="Tarea", en="Task")


@pytest.fixture
def marked(make):
    """A result with a notebook for its first exercise, and one that belongs to none."""
    result = make(language="en")
    book = NotebookResult(
        id="nb6_3",
        title="6.3 Descent",
        number="6.3",
        state=NotebookState.FILLED_IN,
        asked=3,
        right=1,
        exercises=("e1",),
        file="a/6_3.ipynb",
        left_out=("b/6_3.ipynb",),
        environment=True,
    )
    other = NotebookResult(
        id="nb7_1", title="7.1", number="7.1", state=NotebookState.ABSENT, asked=1
    )
    return result.model_copy(update={"notebooks": (book, other)})


def test_the_sum_says_what_became_of_each_notebook(marked):
    with speaking("en"):
        found = Page(report_page(marked, Exhibits(), 0))
    check_safe(found)
    assert "1 of 3 right · an error of the environment" in found.text
    assert "a/6_3.ipynb counts, not b/6_3.ipynb" in found.text
    assert "7.1: Not handed in" in found.text


def test_the_class_page_has_a_column_for_each(marked):
    exercises = tuple(
        Exercise(id=e.id, title=TEXT, points=e.points, criteria=()) for e in marked.exercises
    )
    rubric = Rubric(assignment="p3", title=TEXT, exercises=exercises)
    with speaking("en"):
        found = Page(class_page(rubric, [marked]))
    check_safe(found, script=True)
    links = {a["href"]: a.get("title") for a in found.all("a")}
    name = marked.submission
    assert links[f"./{name}/report.html#exercise-e1"] == "6.3 Descent: 1 of 3 right"
    assert "1/3" in found.text
    # its criteria are not named a second time
    of_book = {c.id for c in marked.exercises[0].criteria}
    chips = {a["href"] for a in found.all("a") if a.get("class") == "chip"}
    assert not any(f"#criterion-{c}" in href for href in chips for c in of_book)


def test_an_error_of_the_environment_does_not_look_like_the_student_s(marked):
    error = {"output_type": "error", "ename": "TypeError", "evalue": "no", "traceback": []}
    book = {
        "cells": [
            {
                "cell_type": "code",
                "source": "1",
                "outputs": [error],
                "metadata": {"corrige": {"notebook": name}},
            }
            for name in ("a.ipynb", "b.ipynb")
        ]
    }
    flag = Flag(id=ENVIRONMENT, message="libraries", cells=(0,))
    with speaking("en"):
        text = notebook_page(marked.model_copy(update={"flags": (flag,)}), cells(book))
    assert text.count("error excused") == 1
    assert text.count('class="cell code failed') == 1
    assert [a["href"] for a in Page(text).all("a") if a["href"] in ("#cell-0", "#cell-1")].count(
        "#cell-1"
    ) == 2

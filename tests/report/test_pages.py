import base64
import hashlib
import re
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest

from graders.language import speaking
from graders.report import Exhibits, write_class, write_submission
from graders.report.class_page import class_page
from graders.report.exhibits import (
    ConfusionMatrix,
    Curve,
    DrawnNode,
    NetworkDrawing,
    Table,
    WrittenDocument,
)
from graders.report.pages import report_page
from graders.rubric.model import Exercise, Rubric, Text
from graders.scoring.result import CriterionResult, Flag, Status, VerdictKind


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.source = text
        self.tags = []
        self.words = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def ids(self):
        return [attrs["id"] for _tag, attrs in self.tags if "id" in attrs]

    @property
    def policy(self):
        (meta,) = [m for m in self.all("meta") if m.get("http-equiv")]
        return meta["content"]


def page(path):
    return Page(path.read_text("utf-8"))


@pytest.fixture
def rubric():
    text = Text(es="Redes residuales", en="Residual networks")
    exercises = tuple(
        Exercise(id=name, title=text, points=Decimal(points), criteria=())
        for name, points in (("e1", "0.5"), ("e2", "3"), ("e3", "3.3"), ("e4", "3.5"))
    )
    return Rubric(assignment="p3", title=text, exercises=exercises)


def check_safe(found, script=False):
    """No way out, nothing that runs, every drawing well formed."""
    assert found.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in found.policy
    assert not any("style" in attrs for _tag, attrs in found.tags)
    scripts = [tag for tag, _attrs in found.tags if tag == "script"]
    assert len(scripts) == (1 if script else 0)
    assert ("script-src" in found.policy) == script
    for tag, attrs in found.tags:
        assert tag not in {"iframe", "object", "embed", "link", "base", "form", "audio", "video"}
        for name, value in attrs.items():
            assert not name.startswith("on"), (tag, name)
            if name == "src":
                assert value.startswith("data:image/")
            if name == "href":
                assert re.match(r"(#|report\.html|notebook\.html|\./)", value), value
    assert "url(" not in found.source
    assert "@import" not in found.source
    for drawing in re.findall(r"<svg.*?</svg>", found.source, re.S):
        Xml.fromstring(drawing)


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_pages_are_self_contained(tmp_path, make, exhibits, notebook, language):
    write_submission(make(language), exhibits, notebook, tmp_path)
    for name in ("report.html", "notebook.html"):
        found = page(tmp_path / name)
        check_safe(found)
        assert found.all("html") == [{"lang": language}]
        assert len(found.ids) == len(set(found.ids))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebook.html", "report.html"]


def test_the_report_shows_the_facts(tmp_path, make, exhibits, notebook):
    write_submission(make("en"), exhibits, notebook, tmp_path)
    text = page(tmp_path / "report.html").text
    for fact in (
        "grupo-07",
        "Ana Núñez Íñiguez",
        "3.16 to 3.98",
        "/ 10.3",
        "3 − 1.5",
        "3.5 − 3.5 − 1 (never below 0)",
        "up to 0.83 undecided (rounded)",
        "e2.two_residual_connections",
        "2 conexiones residuales",
        "−1.5",
        "Entregado 2 h 14 min",
        "9f2c41d07be3a58890aa12",
        "1 min 24 s",
        "torch 2.13.0",
        "5210",
        "86.1 %",
        "Métricas",
        "Pérdida de la red base",
    ):
        assert fact in text, fact


def test_documents_lie_beside_the_report_as_text(tmp_path, make, exhibits):
    handed_in = (
        WrittenDocument(name="Mi informe.pdf", note="3 pages", text="<b>La salida es 4x4</b>\x07"),
        WrittenDocument(name="mi_informe.pdf", note="1 page", text="x" * 20_000),
        WrittenDocument(name="otro.pdf", note="it is broken"),
    )
    shown = exhibits.model_copy(update={"documents": handed_in})
    write_submission(make("en"), shown, None, tmp_path)
    found = page(tmp_path / "report.html")
    check_safe(found)
    texts = sorted(path.name for path in (tmp_path / "documents").iterdir())
    assert texts == ["2-mi_informe_pdf.txt", "Mi_informe_pdf.txt"]
    links = {a["href"] for a in found.all("a")}
    assert {f"./documents/{name}" for name in texts} <= links
    assert "#document-0" in links  # beside what a person marks
    assert "<b>La salida es 4x4</b>" in found.text
    assert "it is broken" in found.text
    write_submission(make("en"), exhibits, None, tmp_path)
    assert not list((tmp_path / "documents").iterdir())


def test_the_mark_is_written_in_the_language(tmp_path, make, exhibits):
    write_submission(make("es"), exhibits, None, tmp_path)
    assert "3,98" in page(tmp_path / "report.html").text


def test_a_verdict_has_a_sign_and_a_word(tmp_path, make, exhibits):
    write_submission(make("en"), exhibits, None, tmp_path)
    found = page(tmp_path / "report.html")
    signs = {attrs["class"] for attrs in found.all("svg") if "icon" in attrs["class"]}
    assert signs >= {
        "icon met",
        "icon violated",
        "icon undecided",
        "icon not_assessed",
        "icon manual",
    }
    for word in ("Met", "Not met", "Undecided", "Not assessed", "For a person"):
        assert word in found.words


def test_a_line_of_the_statement_is_one(tmp_path, make, exhibits):
    write_submission(make("en"), exhibits, None, tmp_path)
    found = page(tmp_path / "report.html")
    lines = [
        attrs["id"] for attrs in found.all("section") if attrs.get("id", "").startswith("line-")
    ]
    assert lines == ["line-e3.line_done"]
    nested = [a["id"] for a in found.all("article") if "nested" in a["class"]]
    assert nested == ["criterion-e3.trained", "criterion-e3.test_reported", "criterion-e3.saved"]
    assert found.ids.count("criterion-e3.trained") == 1


def test_a_manual_criterion_leaves_room_until_a_person_decided(tmp_path, make, exhibits):
    result = make("en")
    write_submission(result, exhibits, None, tmp_path)
    notes = [a for a in page(tmp_path / "report.html").all("div") if a.get("class") == "note"]
    assert len(notes) == 1
    exercises = tuple(
        exercise.model_copy(
            update={
                "criteria": tuple(
                    c.model_copy(update={"verdict": VerdictKind.MET, "decided_by_person": True})
                    if c.manual
                    else c
                    for c in exercise.criteria
                )
            }
        )
        for exercise in result.exercises
    )
    write_submission(result.model_copy(update={"exercises": exercises}), exhibits, None, tmp_path)
    found = page(tmp_path / "report.html")
    assert not [a for a in found.all("div") if a.get("class") == "note"]
    assert "Decided by a person." in found.text


def test_cells_and_criteria_are_linked_both_ways(tmp_path, make, exhibits, notebook):
    write_submission(make("en"), exhibits, notebook, tmp_path)
    report, cells = page(tmp_path / "report.html"), page(tmp_path / "notebook.html")
    to_cells = {a["href"].split("#")[1] for a in report.all("a") if "notebook.html#" in a["href"]}
    assert to_cells == {f"cell-{n}" for n in (1, 3, 4, 5, 6, 7, 8)}
    assert to_cells <= set(cells.ids)
    back = {a["href"].split("#")[1] for a in cells.all("a") if "report.html#" in a["href"]}
    assert back <= set(report.ids)
    assert "criterion-e2.two_residual_connections" in back
    inside = {a["href"][1:] for a in report.all("a") if a["href"].startswith("#")}
    assert inside <= set(report.ids)


def test_without_a_notebook_cells_are_not_links(tmp_path, make, exhibits, notebook):
    write_submission(make(), exhibits, notebook, tmp_path)
    write_submission(make(), exhibits, None, tmp_path)
    assert not (tmp_path / "notebook.html").exists()
    hrefs = [a["href"] for a in page(tmp_path / "report.html").all("a")]
    assert not [href for href in hrefs if href.startswith("notebook")]


def test_the_notebook_page_shows_and_disarms(tmp_path, make, exhibits, notebook, picture):
    write_submission(make("en"), exhibits, notebook, tmp_path)
    found = page(tmp_path / "notebook.html")
    assert "250000 filas" in found.text
    assert "ZeroDivisionError: division by zero" in found.text
    assert "<script>alert(1)</script>" in found.text  # as words
    assert "alert(2)" not in found.source
    assert "alert(3)" not in found.source
    assert "[U+202E] evil" in found.text
    assert [img["src"] for img in found.all("img")] == [f"data:image/png;base64,{picture}"]


def test_hostile_names_are_harmless_everywhere(tmp_path, make, hostile, rubric):
    criterion = CriterionResult(
        id=hostile,
        verdict=VerdictKind.VIOLATED,
        text=hostile,
        message=hostile,
        expected=hostile,
        observed=hostile,
        penalty=hostile,
        cells=(0, -1, 10**9),
    )
    result = make("es")
    exercise = result.exercises[0].model_copy(
        update={"id": hostile, "title": hostile, "criteria": (criterion,)}
    )
    result = result.model_copy(
        update={
            "submission": hostile,
            "students": (hostile, "=1+1"),
            "problem": hostile,
            "assignment": hostile,
            "exercises": (exercise,),
            "evidence_key": hostile,
            "flags": (Flag(id=hostile, message=hostile, cells=(0,)),),
            "timings": {hostile: 1.0},
        }
    )
    exhibits = Exhibits(
        drawings=(
            NetworkDrawing(
                title=hostile, nodes=(DrawnNode(id=hostile, label=hostile),), blocks=(hostile,)
            ),
        ),
        curves=(
            Curve(
                title=hostile,
                series={hostile: ((0, 1), (1, 2)), "b": ((0, 1),)},
                x_label=hostile,
                y_label=hostile,
            ),
        ),
        confusion=(ConfusionMatrix(title=hostile, labels=(hostile, "b"), counts=((1, 2),)),),
        tables=(Table(title=hostile, columns=(hostile,), rows=((hostile,), ())),),
        notices=(hostile,),
        environment={hostile: hostile},
    )
    notebook = {
        "cells": [
            {
                "cell_type": "markdown",
                "source": hostile,
                "metadata": {"corrige": {"notebook": hostile}},
            },
            {
                "cell_type": "code",
                "source": hostile,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": hostile}],
            },
        ]
    }
    write_submission(result, exhibits, notebook, tmp_path)
    write_class(rubric, [result], tmp_path)
    for name in ("report.html", "notebook.html", "index.html"):
        found = page(tmp_path / name)
        check_safe(found, script=name == "index.html")
        assert "\u202e" not in found.source
        assert found.all("bdi")


@pytest.mark.parametrize(
    ("status", "low", "high"),
    [(Status.NOT_RUNNABLE, 0, 0), (Status.NOT_RECEIVED, 0, 0), (Status.NEEDS_REVIEW, 0, 10)],
)
def test_a_submission_that_did_not_run(tmp_path, make, status, low, high):
    result = make("en")
    exercises = tuple(
        e.model_copy(
            update={
                "mark": Decimal(0),
                "mark_low": Decimal(0),
                "mark_high": e.points if high else Decimal(0),
                "lines": (),
                "criteria": tuple(
                    CriterionResult(id=c.id, verdict=VerdictKind.NOT_ASSESSED) for c in e.criteria
                ),
            }
        )
        for e in result.exercises
    )
    write_submission(
        make(
            "en",
            status=status,
            mark=None,
            mark_low=low,
            mark_high=high,
            exercises=exercises,
            problem="P3.ipynb is not a notebook.",
        ),
        Exhibits(),
        None,
        tmp_path,
    )
    found = page(tmp_path / "report.html")
    assert "P3.ipynb is not a notebook." in found.text
    assert ("nothing could be assessed" in found.text) == (status is Status.NOT_RUNNABLE)
    check_safe(found)


def test_the_class_page(tmp_path, make, rubric):
    settled = make(
        "en",
        submission="a/../b",
        mark=Decimal(7),
        mark_low=Decimal(7),
        mark_high=Decimal(7),
        status=Status.GRADED,
    )
    broken = make(
        "en",
        submission="c",
        mark=Decimal(0),
        mark_low=0,
        mark_high=0,
        exercises=(),
        status=Status.NOT_RUNNABLE,
        problem="not JSON",
    )
    write_class(rubric, [make("en"), settled, broken], tmp_path)
    found = page(tmp_path / "index.html")
    check_safe(found, script=True)
    assert "Residual networks" in found.text
    assert "Median of the settled marks: 7 of 10.3" in found.text
    assert "not JSON" in found.text
    assert "El grafo de la red no se pudo leer." in found.text
    hrefs = [a["href"] for a in found.all("a")]
    assert "./grupo-07/report.html" in hrefs
    assert "./a%2F..%2Fb/report.html" in hrefs
    assert "./grupo-07/report.html#criterion-e3.f1" in hrefs
    sorts = [
        float(td["data-sort"])
        for td in found.all("td")
        if td.get("class") == "num" and "data-sort" in td
    ]
    assert sorted(sorts) == [0, 3.16, 7]


def test_the_only_script_is_the_one_in_the_policy(tmp_path, make, rubric):
    write_class(rubric, [make()], tmp_path)
    source = (tmp_path / "index.html").read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page(tmp_path / "index.html").policy


def test_an_empty_class(tmp_path, rubric):
    write_class(rubric, [], tmp_path)
    check_safe(page(tmp_path / "index.html"), script=True)


def test_a_failed_write_leaves_the_old_page(tmp_path, make, exhibits, monkeypatch):
    write_submission(make("en"), exhibits, None, tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def full(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("graders.report.writing.os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_submission(make("es"), exhibits, None, tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_lateness_stands_in_the_sum(make, exhibits, late):
    with speaking("en"):
        page = report_page(make(late=late), exhibits, 0)
        assert "Handed in 2025-07-25 12:00 (UTC-04:00), by the last git commit" in page
        assert "1.5 to 3.5" in page
        assert "2 days begun since 2025-07-23 23:59 (UTC-04:00)" in page
        assert "; never below 0" in page
        assert "−3.5</td>" in page
        assert "fecha límite" not in page  # what costs is not among what costs nothing
        assert 'id="flag-1"' in page  # the others keep their places
        file = late.model_copy(update={"source": "file", "certain": False})
        page = report_page(make(late=file), exhibits, 0)
        assert "up to −3.5" in page
        assert "a person settles it" in page
        in_time = late.model_copy(update={"days": 0, "points": Decimal(0)})
        page = report_page(make(late=in_time), exhibits, 0)
        assert "Handed in 2025-07-25" in page
        assert "Lateness" not in page
        worthless = late.model_copy(update={"too_late": True})
        assert "worth nothing" in report_page(make(late=worthless), exhibits, 0)


def test_the_class_page_says_who_was_late(tmp_path, make, rubric, late):
    file = late.model_copy(update={"source": "file", "certain": False})
    told = Flag(id="late", message="Only the time of its files.")
    with speaking("en"):
        page = class_page(rubric, [make(late=file, flags=(told,), language="en")])
        assert ">late</a>" in page
        assert "Only the time of its files." in page
        assert ">late</a>" not in class_page(rubric, [make()])

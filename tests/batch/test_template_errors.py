"""The errors of handed-out notebooks become facts of a rubric, and excuse the same in a copy."""

import json
from pathlib import Path

import pytest

from graders import runner
from graders.batch.job import Job
from graders.batch.part import Part, split
from graders.batch.problems import UsageProblem
from graders.batch.template_errors import errors_of, write_errors
from graders.evidence.run_record import CellError, CellRecord, RunRecord
from graders.intake.submission import HandedOut, Submission
from graders.language import speaking
from graders.rubric import load
from graders.rubric.model import Rubric, Template, Text
from graders.rubric.problems import RubricError

TEXT = Text(es="a", en="a")
TEMPLATE = Template(id="nb6_2", title=TEXT, heading="notebook 6.2 descent", cells={"a": "0"})
RUBRIC = Rubric(assignment="t", title=TEXT, exercises=(), notebooks=(TEMPLATE,))
ERROR = CellError(name="ValueError", message="size 4 is different from 1\nmore")


def job(folder, rubric=RUBRIC, *, handed_in=True):
    copies = {"nb6_2": HandedOut(path=Path("b.ipynb"), places={1: "a"})} if handed_in else {}
    (folder / "b.ipynb").write_text("{}")
    paths = tuple(copy.path for copy in copies.values())
    submission = Submission(id="x", root=folder, notebooks=paths, copies=copies)
    return Job(
        rubric=rubric,
        submissions=(submission,),
        data={},
        out=folder / "out",
        language="en",
        sandbox="none",
        evidence=folder / "evidence",
    )


@pytest.fixture
def ended(monkeypatch):
    """A runner in which cells 0 and 1 fail; how its runs end."""
    how = ["finished"]

    def run(submission, settings, data, out, sandbox, **more):
        cells = tuple(
            CellRecord(index=n, notebook="b", source="", executed=True, error=ERROR) for n in (0, 1)
        )
        record = RunRecord(
            ended=how[0], cells=cells, environment={"numpy": "2.4.6", "ipykernel": "7"}
        )
        (out / "run.json").write_text(record.model_dump_json())
        return record

    monkeypatch.setattr(runner, "run", run)
    with speaking("en"):
        yield how


def test_facts_are_noted_by_cell_and_excuse_a_copy(tmp_path, ended):
    told = []
    found, versions = errors_of(job(tmp_path), lambda *said: told.append(said))
    assert found == {"nb6_2": {"a": {"name": "ValueError", "says": "size # is different from #"}}}
    assert versions == {"numpy": "2.4.6"}
    assert told == [("a", 1)]
    file = tmp_path / "x.errors.json"
    file.write_text(json.dumps({"environment": {}, "errors": {"nb7_1": {}}}))
    write_errors(found, versions, file)
    assert json.loads(file.read_text())["errors"].keys() == {"nb7_1", "nb6_2"}

    knowing = TEMPLATE.model_copy(update={"errors": _loaded(tmp_path, file)["nb6_2"].errors})
    rubric = RUBRIC.model_copy(update={"notebooks": (knowing,)})
    marked = job(tmp_path, rubric)
    of, template = split(marked.submissions[0], rubric)[0]
    assert Part(of, marked, template).excused.handed_out == (1,)


def _loaded(folder, errors):
    (folder / "t.templates.json").write_text(
        json.dumps({"nb6_2": TEMPLATE.model_dump(mode="json", exclude={"id", "errors"})})
    )
    (folder / "mini.yaml").write_text(
        "assignment: mini\n"
        "title: {es: M, en: M}\n"
        f"notebooks: {{templates: t.templates.json, of: [nb6_2], errors: {errors.name}}}\n"
        "exercises:\n"
        "  - id: e1\n"
        "    title: {es: E, en: E}\n"
        "    points: 1\n"
        "    criteria: [{id: e1.a, text: {es: A, en: A}, manual: true}]\n"
    )
    return {template.id: template for template in load(folder / "mini.yaml").notebooks}


@pytest.mark.parametrize("content", [None, "[", "{}", '{"errors": {"nb6_2": {"a": 1}}}'])
def test_a_file_that_is_none_is_said(tmp_path, content):
    file = tmp_path / "no.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RubricError, match=r"no\.json"):
        _loaded(tmp_path, file)


def test_without_any_of_the_notebooks_there_are_no_facts(tmp_path, ended):
    with pytest.raises(UsageProblem):
        errors_of(job(tmp_path, handed_in=False), print)


def test_a_run_without_its_end_is_no_fact(tmp_path, ended):
    ended[0] = "budget_spent"
    with pytest.raises(UsageProblem, match="to its end"):
        errors_of(job(tmp_path), print)

"""What `corrige env` says before it makes anything."""

import pytest

from graders.batch import environments
from graders.batch.environments import Made, interpreter_in
from graders.batch.problems import UsageProblem
from graders.cli import environments as commands
from graders.language import speaking
from graders.rubric import find, load
from graders.runner.surroundings import ENVIRONMENT_NOTE

MINI = """
assignment: mini
title: {es: M, en: M}
run: {environment: old.txt}
exercises:
  - id: e1
    title: {es: E, en: E}
    points: 1
    criteria:
      - {id: e1.a, text: {es: A, en: A}, manual: true}
"""


@pytest.fixture(autouse=True)
def _course(tmp_path, monkeypatch):
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "mini.yaml").write_text(MINI)
    (tmp_path / "rubrics" / "old.txt").write_text("numpy<2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    with speaking("en"):
        yield


def test_what_is_wanted_is_an_assignment_s_or_a_file_s():
    of_rubric = commands.wanted("mini")
    assert of_rubric == commands.wanted("rubrics/old.txt") == commands.wanted("rubrics/mini.yaml")
    assert of_rubric.requirements == ("numpy<2",)


def test_an_assignment_without_one_is_told_apart():
    with pytest.raises(UsageProblem, match="names no environment"):
        commands.wanted("p3")


def test_the_list_says_what_is_lacking_and_what_there_is(capsys):
    assert commands.list_all("en") == 0
    assert "corrige env make mini" in capsys.readouterr().out
    folder = environments.folder_of(load(find("mini")).run.environment)
    python = interpreter_in(folder)
    python.parent.mkdir(parents=True)
    python.touch()
    note = Made(file="old.txt", requirements=("numpy<2",), python="3.10.1", packages={})
    (folder / ENVIRONMENT_NOTE).write_text(note.model_dump_json())
    commands.list_all("en")
    said = capsys.readouterr().out
    assert "3.10.1" in said
    assert "mini" in said
    assert "env make" not in said

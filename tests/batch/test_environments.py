import site
import sys
from pathlib import Path

import pytest

from graders.batch import environments, making_environments
from graders.batch.problems import UsageProblem
from graders.language import speaking
from graders.rubric.model import Environment, Rubric, Run, Text
from graders.runner import evidence_key
from graders.runner.surroundings import ENVIRONMENT_NOTE
from graders.sandbox import choose

WANTED = Environment(file="old.txt", requirements=("numpy<2",))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    with speaking("en"):
        yield


def rubric(environment=WANTED):
    return Rubric(
        assignment="old",
        title=Text(es="V", en="O"),
        exercises=(),
        run=Run(environment=environment),
    )


def pretend(numpy="1.26"):
    """An environment that is whole as far as can be seen."""
    folder = environments.folder_of(WANTED)
    python = environments.interpreter_in(folder)
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()
    note = environments.Made(
        file="old.txt", requirements=("numpy<2",), python="3.11.7", packages={"numpy": numpy}
    )
    (folder / ENVIRONMENT_NOTE).write_text(note.model_dump_json())
    return folder


def test_without_one_nothing_changes():
    assert environments.in_its_environment(rubric(None)) == rubric(None)


def test_one_that_is_not_made_is_said_before_anything_runs():
    with pytest.raises(UsageProblem, match="corrige env make old"):
        environments.in_its_environment(rubric())
    assert environments.in_its_environment(rubric(), own=True).run.interpreter is None


def test_a_half_made_one_is_none():
    folder = environments.folder_of(WANTED)
    folder.mkdir(parents=True)
    (folder / ENVIRONMENT_NOTE).write_text("{")
    assert environments.made(folder) is None
    assert list(environments.all_made()) == []


def test_runs_are_in_the_one_that_is_made():
    folder = pretend()
    run = environments.in_its_environment(rubric()).run
    assert Path(run.interpreter).is_relative_to(folder)
    assert [note.file for _folder, note in environments.all_made()] == ["old.txt"]


def test_what_is_in_it_is_part_of_the_evidence_s_key_and_where_it_lies_is_not(tmp_path):
    from graders.intake.submission import Submission

    nothing = Submission(id="ana", root=tmp_path, notebooks=())

    def key():
        run = environments.in_its_environment(rubric()).run
        return evidence_key(nothing, run, {}, "none")

    pretend("1.26")
    first = key()
    assert first != evidence_key(nothing, rubric().run, {}, "none")
    pretend("1.25")
    assert key() != first


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('no venv here')", "no venv here"),
        ("raise SystemExit('OSError: [Errno 28] No space left on device')", "disk is full"),
    ],
)
def test_what_fails_is_said_with_its_last_lines(tmp_path, monkeypatch, script, said):
    python = tmp_path / "python"
    python.write_text(
        f"#!{sys.executable}\nimport sys\nif '-c' in sys.argv: print(3, 11)\nelse: {script}\n"
    )
    python.chmod(0o755)
    with pytest.raises(UsageProblem, match=said):
        making_environments.make(WANTED, choose("none"), python=str(python), say=lambda _: None)
    assert not environments.folder_of(WANTED).exists()


@pytest.mark.parametrize(
    ("prints", "said"), [("print(3, 8)", "3.8 is too old"), ("raise SystemExit('?')", "no Python")]
)
def test_other_interpreters_are_looked_at_first(tmp_path, prints, said):
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{prints}\n")
    python.chmod(0o755)
    with pytest.raises(UsageProblem, match=said):
        making_environments.make(WANTED, choose("none"), python=str(python), say=lambda _: None)
    with pytest.raises(UsageProblem, match="There is no Python"):
        making_environments.make(WANTED, choose("none"), python="python-of-mars")


@pytest.mark.slow
def test_one_is_made_tried_and_kept(monkeypatch):
    """Without the network: pip's part is played by a path to the packages of this test."""
    real, asked = making_environments._run, []

    def run(command, failed):
        if "pip" in command:
            asked.append(Path(command[-1]).read_text())
            (target,) = environments.folder_of(WANTED).glob("lib/python*/site-packages")
            (target / "here.pth").write_text("\n".join(site.getsitepackages()))
            return ""
        return real(command, failed)

    monkeypatch.setattr(making_environments, "_run", run)
    folder, note = making_environments.make(WANTED, choose("none"), say=lambda _: None)
    assert asked == ["numpy<2\nipykernel\n"]
    assert environments.made(folder) == note
    assert "ipykernel" in note.packages
    assert making_environments.make(WANTED, choose("none"), say=lambda _: None) == (folder, note)
    assert len(asked) == 1

from __future__ import annotations

from pathlib import Path

import pytest

from graders.rubric import RubricError, available, find
from graders.rubric.lookup import folders


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_beside_the_package_from_anywhere(here: Path) -> None:
    assert find("p3") == folders()[1] / "p3.yaml"
    assert "p3" in {path.stem for path in available()}


def test_here_comes_first(here: Path) -> None:
    mine = here / "rubrics" / "p3.yaml"
    mine.parent.mkdir()
    mine.touch()
    (mine.parent / "notes.txt").touch()
    (mine.parent / "a1.yml").touch()
    assert find("p3") == mine
    assert find("a1") == mine.parent / "a1.yml"
    assert mine in available()
    assert [path.stem for path in available()] == sorted({path.stem for path in available()})


@pytest.mark.parametrize("name", ["mine.yaml", "./folder/mine", "folder/mine"])
def test_path(here: Path, name: str) -> None:
    path = here / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert find(name).resolve() == path.resolve()
    assert find(path) == path


def test_path_without_a_file(here: Path) -> None:
    with pytest.raises(RubricError, match=r"mine\.yaml: There is no such file\."):
        find("mine.yaml")


def test_unknown_name(here: Path) -> None:
    with pytest.raises(RubricError, match=r"There is no assignment 'zzz'\. There are: .*p3"):
        find("zzz")


def test_name_nearly_right(here: Path) -> None:
    (here / "rubrics").mkdir()
    (here / "rubrics" / "practica.yaml").touch()
    with pytest.raises(RubricError, match="Did you mean 'practica'"):
        find("pratica")

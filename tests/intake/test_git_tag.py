"""The content of a git tag is what is marked, and it is said when there is none."""

import os
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graders.batch import flags
from graders.intake import collect
from graders.intake.neighbours import of_assignment
from graders.language import speaking
from graders.rubric.model import Rubric, Text
from tests.intake.test_collecting import book, names, put

TEXT = Text(es="x", en="x")
RUBRIC = Rubric(
    assignment="p2",
    title=TEXT,
    exercises=(),
    tag="P2",
    deadline="2024-11-29T23:50:00+01:00",
)
DAY = datetime(2024, 11, 20, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def git(folder, *arguments, when=DAY):
    who = {f"GIT_{w}_{f}": "a" for w in ("AUTHOR", "COMMITTER") for f in ("NAME", "EMAIL")}
    moment = f"@{int(when.timestamp())} +0000"
    quiet = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH": os.environ["PATH"],
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_DATE": moment,
    }
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=who | quiet)


def commit(folder, when=DAY):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x", when=when)


@pytest.fixture
def repository(tmp_path):
    """A repository whose work tree has gone on after the tag."""
    folder = tmp_path / "practicas-ana"
    put(folder / "P2" / "red.ipynb", book("x = 'tag'"))
    put(folder / "P2" / "bloques.py", "y = 1")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    git(folder, "tag", "P2")
    put(folder / "P2" / "red.ipynb", book("x = 'later'"))
    put(folder / "P2" / "mas.ipynb")
    commit(folder, DAY + timedelta(days=20))
    return folder


def sources(found):
    return "\n".join((found.root / path).read_text() for path in found.notebooks)


def test_the_tags_content_is_taken_not_the_work_tree(repository):
    [found] = collect([repository], RUBRIC)
    assert found.id == "practicas-ana"
    assert names(found) == ["P2/red.ipynb"]
    assert found.files == (Path("P2/bloques.py"),)
    assert "'tag'" in sources(found)
    assert found.received == DAY
    assert found.problems == ()
    assert found.given == repository
    assert "'later'" in (repository / "P2" / "red.ipynb").read_text()


def test_ones_own_work_is_looked_at_as_it_lies(repository):
    [found] = collect([repository], RUBRIC, own=True)
    assert names(found) == ["P2/mas.ipynb", "P2/red.ipynb"]
    assert "'later'" in sources(found)


def test_an_assignment_without_a_tag_takes_the_files(repository):
    [found] = collect([repository], RUBRIC.model_copy(update={"tag": None}))
    assert len(found.notebooks) == 2
    assert found.received == DAY + timedelta(days=20)


def test_packed_objects_and_a_detached_branch(repository):
    git(repository, "checkout", "-q", "--orphan", "otra")
    git(repository, "gc", "-q")
    git(repository, "pack-refs", "--all")
    for path in sorted(repository.rglob("*.ipynb")):
        path.unlink()
    [found] = collect([repository], RUBRIC)
    assert names(found) == ["P2/red.ipynb"]


def test_an_annotated_tag_counts_when_it_was_made(repository):
    git(repository, "tag", "-d", "P2")
    late = DAY + timedelta(days=15)
    git(repository, "tag", "-a", "-m", "entrega", "P2", "HEAD~1", when=late)
    [found] = collect([repository], RUBRIC)
    assert names(found) == ["P2/red.ipynb"]
    assert found.received == late
    assert [flag.id for flag in flags.of_delivery(found, RUBRIC)] == ["late"]


def test_a_tag_that_was_dated_back_counts_when_its_commit_was_made(repository):
    git(repository, "tag", "-f", "-a", "-m", "x", "P2", "HEAD", when=DAY - timedelta(days=9))
    [found] = collect([repository], RUBRIC)
    assert found.received == DAY + timedelta(days=20)
    assert len(found.notebooks) == 2


@pytest.mark.parametrize("name", ["p2", "P-2", "p_2"])
def test_another_spelling_is_taken_and_noted(repository, name):
    git(repository, "tag", "-d", "P2")
    git(repository, "tag", name, "HEAD~1")
    git(repository, "tag", "P1", "HEAD")
    [found] = collect([repository], RUBRIC)
    assert names(found) == ["P2/red.ipynb"]
    assert f"called {name}, not P2" in found.problems[0]


def test_the_name_as_asked_wins(repository):
    git(repository, "tag", "p2", "HEAD")
    assert len(collect([repository], RUBRIC)[0].notebooks) == 1


def test_without_the_tag_the_files_are_taken_and_a_person_is_told(repository):
    git(repository, "tag", "-d", "P2")
    git(repository, "tag", "entrega")
    [found] = collect([repository], RUBRIC)
    assert names(found) == ["P2/mas.ipynb", "P2/red.ipynb"]
    assert "There is no git tag P2" in found.problems[0]
    assert "a person has to see" in found.problems[0]
    assert found.received == DAY + timedelta(days=20)


@pytest.mark.parametrize("wrapped", ["", "practicas-ana-main/"])
def test_a_zip_with_its_repository(repository, tmp_path, wrapped):
    path = tmp_path / "ana.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(repository.rglob("*")):
            packed.write(file, wrapped + file.relative_to(repository).as_posix())
    [found] = collect([path], RUBRIC)
    assert (found.id, names(found)) == ("ana", ["P2/red.ipynb"])
    assert "'tag'" in sources(found)
    assert found.received == DAY


def test_a_class_of_repositories_and_others(repository, tmp_path):
    put(repository.parent / "berta" / "p2.ipynb")
    found = collect([tmp_path], RUBRIC)
    assert [(s.id, names(s)) for s in found] == [
        ("berta", ["p2.ipynb"]),
        ("practicas-ana", ["P2/red.ipynb"]),
    ]
    assert [s.problems for s in found] == [(), ()]


def test_the_other_assignment_of_the_repository_is_left_out(repository):
    put(repository / "P1" / "minst.ipynb")
    put(repository / "comun.ipynb")
    commit(repository)
    git(repository, "tag", "-f", "P2")
    [found] = collect([repository], RUBRIC)
    assert names(found) == ["comun.ipynb", "P2/mas.ipynb", "P2/red.ipynb"]
    assert "P1/minst.ipynb" in found.problems[0]


OTHERS = {
    "folders": (["p1/a.ipynb", "p2/a.ipynb"], ["p1/a.ipynb"]),
    "long words": (["Práctica 1/a.ipynb", "practica_2/b.ipynb"], ["Práctica 1/a.ipynb"]),
    "deep": (["src/Practica1/p2/a.ipynb", "src/p02/a.ipynb"], ["src/Practica1/p2/a.ipynb"]),
    "file names": (["practica1.ipynb", "practica2.ipynb"], ["practica1.ipynb"]),
    "parts": (["p1.ipynb", "p2.ipynb"], []),
    "parts in the folder": (["p2/p1.ipynb", "p2/p2.ipynb", "p2/practica1.ipynb"], []),
    "exercises": (["ejercicio1/a.ipynb", "ejercicio2/a.ipynb"], []),
    "nothing of this one": (["p1/a.ipynb", "b.ipynb"], []),
    "years": (["p2/a.ipynb", "practica 2024/b.ipynb"], []),
    "says nothing": (["p1/a.ipynb", "p2/a.ipynb", "red/b.ipynb"], ["p1/a.ipynb"]),
}


@pytest.mark.parametrize(("paths", "left_out"), OTHERS.values(), ids=OTHERS)
def test_what_belongs_to_another_assignment(paths, left_out):
    kept, others = of_assignment([Path(path) for path in paths], "p2")
    assert [path.as_posix() for path in others] == left_out
    assert [path.as_posix() for path in kept] == [path for path in paths if path not in left_out]

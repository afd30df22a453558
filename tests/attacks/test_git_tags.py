"""Repositories made to run something, to read somebody else's files, or to fill the disk."""

import hashlib
import os
import subprocess
import zlib
from pathlib import Path

import pytest

from graders.batch.job import Options, prepare
from graders.batch.problems import UsageProblem
from graders.intake import collect, git_tag
from graders.intake.packed_streams import Allowance, ArchiveProblem
from graders.language import speaking
from graders.rubric.model import Rubric, Text
from tests.attacks.builders import notebook
from tests.attacks.test_inputs import ROOT, RUNS, git

RUBRIC = Rubric(assignment="p2", title=Text(es="x", en="x"), exercises=(), tag="P2")


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def ana(tmp_path):
    folder = tmp_path / "clase" / "ana"
    folder.mkdir(parents=True)
    (folder / "p2.ipynb").write_text(notebook("x = 'tag'"))
    git(folder, "init", "-q")
    git(folder, "add", "p2.ipynb")
    git(folder, "commit", "-qm", "x")
    git(folder, "tag", "P2")
    return folder


def taken_in(folder):
    [found] = collect([folder], RUBRIC)
    return found


def all_files(found):
    return {p.as_posix() for p in (*found.notebooks, *found.files)}


def put_object(folder, kind, content):
    """A loose object with any content; its name."""
    whole = f"{kind} {len(content)}\0".encode() + content
    name = hashlib.sha1(whole).hexdigest()
    path = folder / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(zlib.compress(whole))
    return name


def entry(mode, name, oid):
    return f"{mode} ".encode() + name + b"\0" + bytes.fromhex(oid)


def tag_tree(folder, *entries):
    """Make the tag mean a tree of these entries."""
    tree = put_object(folder, "tree", b"".join(entries))
    who = b"a <a> 1700000000 +0000"
    text = b"tree " + tree.encode() + b"\nauthor " + who + b"\ncommitter " + who + b"\n\nx\n"
    (folder / ".git" / "refs" / "tags" / "P2").write_text(put_object(folder, "commit", text) + "\n")


def honest(folder):
    blob = put_object(folder, "blob", notebook("x = 'tag'").encode())
    return entry("100644", b"p2.ipynb", blob)


def test_nothing_that_the_repository_names_is_run(ana, tmp_path):
    mark, hooks = tmp_path / "owned", tmp_path / "hooks"
    hooks.mkdir()
    (ana / ".gitattributes").write_text("* filter=evil diff=evil text eol=crlf")
    git(ana, "add", "-f", ".gitattributes")
    git(ana, "commit", "-qm", "y")
    git(ana, "tag", "-f", "P2")
    for folder in (hooks, ana / ".git" / "hooks"):
        for name in ("post-checkout", "reference-transaction", "fsmonitor-watchman"):
            (folder / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (folder / name).chmod(0o755)
    config = ana / ".git" / "config"
    aliases = f"[alias]\n  cat-file = !touch {mark}\n  for-each-ref = !touch {mark}\n"
    config.write_text(config.read_text() + RUNS.format(mark=mark, hooks=hooks) + aliases)
    found = taken_in(ana)
    assert all_files(found) == {"p2.ipynb"}
    assert found.given == ana
    assert (found.root / "p2.ipynb").read_text() == notebook("x = 'tag'")
    assert not mark.exists()


def test_links_and_submodules_are_left_out(ana, tmp_path):
    secret = tmp_path / "secreto.py"
    secret.write_text("clave = 1")
    target = put_object(ana, "blob", str(secret).encode())
    tag_tree(
        ana,
        entry("120000", b"enlace.py", target),
        entry("160000", b"modulo", "1" * 40),
        honest(ana),
    )
    found = taken_in(ana)
    assert all_files(found) == {"p2.ipynb"}
    assert "2 entries of the git tag were left out" in found.problems[0]
    assert not any(path.is_symlink() for path in found.root.rglob("*"))


NAMES = [
    b"..",
    b".",
    b"../fuera.py",
    b"a/../../fuera.py",
    b"/fuera.py",
    b"..\\fuera.py",
    b".git",
    b"",
]


@pytest.mark.parametrize("name", NAMES, ids=map(repr, NAMES))
def test_names_that_lead_elsewhere(ana, tmp_path, name):
    evil = put_object(ana, "blob", b"x = 1")
    below = put_object(ana, "tree", entry("100644", b"fuera.py", evil))
    before = {p for p in tmp_path.rglob("*") if ".git" not in p.parts}
    tag_tree(ana, entry("100644", name, evil), entry("40000", name, below), honest(ana))
    found = taken_in(ana)
    assert "p2.ipynb" in all_files(found) or found.problems
    outside = Path(found.root).parent
    assert not (outside / "fuera.py").exists()
    assert {p for p in tmp_path.rglob("*") if ".git" not in p.parts} == before
    if found.given is not None:
        assert all_files(found) == {"p2.ipynb"}


def test_a_tree_that_unfolds_without_end(ana):
    """Twelve trees, each with the next one a hundred times: a few kilobytes, 10^24 files."""
    blob = put_object(ana, "blob", b"x")
    level = put_object(ana, "tree", entry("100644", b"a.py", blob))
    for _ in range(12):
        many = (entry("40000", b"%03d" % number, level) for number in range(100))
        level = put_object(ana, "tree", b"".join(many))
    tag_tree(ana, entry("40000", b"a", level))
    found = taken_in(ana)
    assert found.problems
    assert sum(1 for _ in found.root.rglob("*.py")) < 20_000


def test_a_chain_of_folders(ana):
    level = put_object(ana, "tree", honest(ana))
    for _ in range(3000):
        level = put_object(ana, "tree", entry("40000", b"d", level))
    tag_tree(ana, entry("40000", b"d", level), honest(ana))
    found = taken_in(ana)
    assert all_files(found) == {"p2.ipynb"}
    assert found.problems


def test_more_bytes_than_are_allowed(ana, tmp_path):
    zeros = put_object(ana, "blob", bytes(4 * 2**20))
    tag_tree(ana, *(entry("100644", b"%d.bin" % n, zeros) for n in range(10)), honest(ana))
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(ArchiveProblem, match="too large"):
        git_tag.read_tag(ana, "P2", target, Allowance(room=16 * 2**20))
    with pytest.raises(ArchiveProblem, match="too many"):
        git_tag.read_tag(ana, "P2", target, Allowance(files=5))


def test_one_file_that_is_too_large_is_left_out(ana, monkeypatch):
    monkeypatch.setattr(git_tag, "MAX_BLOB", 2**20)
    zeros = put_object(ana, "blob", bytes(2**21))
    tag_tree(ana, entry("100644", b"datos.bin", zeros), honest(ana))
    found = taken_in(ana)
    assert all_files(found) == {"p2.ipynb"}
    assert "too large" in found.problems[0]


MALFORMED = {
    "tree": b"100644 p2.ipynb\0short",
    "no name": b"100644",
    "mode without end": b"1" * 5000,
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_malformed_trees(ana, content):
    tag_tree(ana, content)
    found = taken_in(ana)
    assert "cannot be read" in found.problems[0]
    assert all_files(found) == {"p2.ipynb"}


def test_tags_of_tags_of_a_blob_and_of_nothing(ana):
    ref = ana / ".git" / "refs" / "tags" / "P2"
    name = put_object(ana, "blob", b"x")
    for _ in range(20):
        head = f"object {name}\ntype tag\ntag P2\ntagger a <a> 99999999999999999999 +0000\n\nx"
        name = put_object(ana, "tag", head.encode())
    for oid in (name, put_object(ana, "blob", b"x"), "1" * 40, "ref: refs/tags/P2"):
        ref.write_text(oid + "\n")
        found = taken_in(ana)
        assert found.problems, oid
        assert all_files(found) == {"p2.ipynb"}


def other_repository(tmp_path):
    """Somebody else's, with what is not to be seen."""
    folder = tmp_path / "profesora"
    folder.mkdir()
    (folder / "solucion.ipynb").write_text(notebook("secreto = 1"))
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    head = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    return folder, head


def alternates(inner, other):
    (inner / "objects" / "info").mkdir(exist_ok=True)
    (inner / "objects" / "info" / "alternates").write_text(f"{other / '.git' / 'objects'}\n")


def common_folder(inner, other):
    (inner / "commondir").write_text(f"{other / '.git'}\n")


def linked_objects(inner, other):
    (inner / "objects").rename(inner / "mine")
    (inner / "objects").symlink_to(other / ".git" / "objects")


def linked_pack(inner, other):
    git(other, "gc", "-q")
    for pack in (other / ".git" / "objects" / "pack").iterdir():
        (inner / "objects" / "pack" / pack.name).symlink_to(pack)


@pytest.mark.parametrize("way", [alternates, common_folder, linked_objects, linked_pack])
def test_objects_of_another_repository_are_not_read(ana, tmp_path, way):
    other, head = other_repository(tmp_path)
    (ana / ".git" / "refs" / "tags" / "P2").write_text(head)
    way(ana / ".git", other)
    found = taken_in(ana)
    assert found.problems
    assert all_files(found) == {"p2.ipynb"}
    assert "secreto" not in (found.root / "p2.ipynb").read_text()


def test_a_pipe_among_the_objects_is_not_waited_for(ana):
    os.mkfifo(ana / ".git" / "objects" / "ab")
    found = taken_in(ana)
    assert "not whole" in found.problems[0]


def test_a_missing_object_is_not_fetched(ana, tmp_path):
    mark = tmp_path / "owned"
    config = ana / ".git" / "config"
    config.write_text(config.read_text() + RUNS.format(mark=mark, hooks=tmp_path))
    tag_tree(ana, entry("100644", b"p2.ipynb", "a" * 40))
    found = taken_in(ana)
    assert "cannot be read" in found.problems[0]
    assert not mark.exists()


def test_replaced_objects_do_not_count(ana):
    (ana / "p2.ipynb").write_text(notebook("x = 'other'"))
    git(ana, "commit", "-qam", "y")
    git(ana, "replace", "P2", "HEAD")
    found = taken_in(ana)
    assert "'tag'" in (found.root / "p2.ipynb").read_text()


def test_a_tags_name_is_harmless_to_show(ana):
    git(ana, "tag", "-d", "P2")
    git(ana, "tag", "p2\u202e")
    found = taken_in(ana)
    assert "\u202e" not in found.problems[0]


def test_a_repository_that_is_the_current_folder_does_not_say_how_it_is_marked(ana, monkeypatch):
    """What is marked lies elsewhere then, but the folder is a student's all the same."""
    (ana / "rubrics").mkdir()
    (ana / "rubrics" / "p2.yaml").write_bytes((ROOT / "rubrics" / "p2.yaml").read_bytes())
    monkeypatch.chdir(ana)
    with pytest.raises(UsageProblem, match="another folder"):
        prepare("p2", [Path()], Options(sandbox="none"))

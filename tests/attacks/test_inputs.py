"""Hostile folders and files: nothing is followed, waited for, believed or imported."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graders.batch import data as data_files
from graders.batch.job import Options, _folders_of_students, prepare
from graders.batch.problems import UsageProblem
from graders.intake import collect
from graders.intake.git_checkout import last_commit
from graders.language import speaking
from graders.printable import one_line
from graders.rubric.model import DataFile, Rubric, Text
from graders.runner.assembly import assemble
from tests.attacks.builders import notebook

ROOT = Path(__file__).resolve().parents[2]
TEXT = Text(es="x", en="x")
RUBRIC = Rubric(
    assignment="p3",
    title=TEXT,
    exercises=(),
    data=(DataFile(name="train", files=("higgs_train.pkl",)),),
)


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def ana(tmp_path):
    """An honest submission, to which an attack is added."""
    folder = tmp_path / "clase" / "ana"
    folder.mkdir(parents=True)
    (folder / "p3.ipynb").write_text(notebook())
    return folder


def taken_in(path: Path):
    [found] = collect([path], RUBRIC)
    return found


def all_files(found) -> set[str]:
    return {p.as_posix() for p in (*found.notebooks, *found.files)}


# -- links, pipes, devices -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("passwd.ipynb", "/etc/passwd"),
        ("passwd.txt", "/etc/passwd"),
        ("luis.ipynb", "../luis/p3.ipynb"),  # somebody else's work
        ("corrige.yaml", "../luis/corrige.yaml"),
        ("zero.ipynb", "/dev/zero"),
        ("self.ipynb", "self.ipynb"),
        ("nowhere.ipynb", "nowhere"),
    ],
)
def test_links_are_not_followed(ana, name, target):
    luis = ana.parent / "luis"
    luis.mkdir()
    (luis / "p3.ipynb").write_text(notebook("secret = 1"))
    (luis / "corrige.yaml").write_text("students: [Luis]")
    (ana / name).symlink_to(target)
    found = taken_in(ana)
    assert all_files(found) == {"p3.ipynb"}
    assert found.students == ()


def test_linked_folders_and_loops_are_not_entered(ana):
    (ana / "loop").symlink_to(ana)
    (ana / "home").symlink_to("/etc")
    (ana.parent / "ghost").symlink_to(ana)
    assert all_files(taken_in(ana)) == {"p3.ipynb"}
    assert [s.id for s in collect([ana.parent], RUBRIC)] == ["ana"]


def test_a_lone_notebook_takes_nothing_that_is_others(tmp_path):
    """In a class of lone notebooks, naming a neighbour's files does not bring them along."""
    (tmp_path / "ana.ipynb").write_text(notebook("import luis_lib; open('notas.csv')"))
    (tmp_path / "luis.ipynb").write_text(notebook())
    (tmp_path / "luis_lib.py").write_text("x = 1")
    (tmp_path / "notas.csv").write_text("10")
    found = collect([tmp_path / "ana.ipynb", tmp_path / "luis.ipynb"], RUBRIC)
    assert [s.files for s in found] == [(), ()]


@pytest.mark.parametrize("name", ["pipe.ipynb", "pipe.py", "corrige.yaml", ".git"])
def test_pipes_are_not_waited_for(ana, name):
    os.mkfifo(ana / name)
    began = time.monotonic()
    assert all_files(taken_in(ana)) == {"p3.ipynb"}
    assert time.monotonic() - began < 30


def test_a_pipe_that_is_named_is_refused(tmp_path):
    os.mkfifo(tmp_path / "p3.ipynb")
    assert taken_in(tmp_path / "p3.ipynb").notebooks == ()


def test_sockets_are_left(ana, monkeypatch):
    monkeypatch.chdir(ana)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.ipynb")
        assert all_files(taken_in(ana)) == {"p3.ipynb"}


# -- notebooks -------------------------------------------------------------------------------
def nested(depth: int) -> str:
    return '{"nbformat": 4, "cells": ' + "[" * depth + "]" * depth + "}"


NOTEBOOKS = {
    "deep": nested(100_000),
    "a hundred thousand cells": json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}] * 100_000}
    ),
    "empty lists": '{"nbformat": 4, "cells": [' + "[]," * 3_100_000 + "[]]}",
    "worksheets without cells": '{"nbformat": 4, "worksheets": []}',
    "cells of null": '{"nbformat": 4, "cells": null}',
    "a version of digits": '{"nbformat": ' + "9" * 5000 + ', "cells": []}',
    "a version of truth": '{"nbformat": true, "cells": []}',
    "version -1": '{"nbformat": -1, "cells": []}',
    "no number": '{"nbformat": NaN, "cells": []}',
    "bytes": "\x00\x01\x02",
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_that_are_none_get_a_sentence(ana, name):
    (ana / "p3.ipynb").write_text(NOTEBOOKS[name])
    found = taken_in(ana)
    assert found.notebooks == ()
    assert "p3.ipynb" in found.problems[0]


CELLS = {
    "types": {"cell_type": ["code"], "source": {"a": 1}, "metadata": 7, "outputs": "x"},
    "numbers": {"cell_type": "code", "source": [1, None, "x = 1"], "metadata": {"tags": 3}},
    "tags": {"cell_type": "code", "source": "x = 1", "metadata": {"tags": ["a,b", "a", "a", {}]}},
    "surrogate": {"cell_type": "code", "source": "x = '\ud800'", "metadata": {}},
    "attachments": {
        "cell_type": "markdown",
        "source": "![a](attachment:a)",
        "attachments": {"a": {"text/html; x=<script>": [1, {}]}, "b": 3},
    },
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_of_the_wrong_kinds_can_be_run_and_written_down(ana, name):
    good = {"cell_type": "code", "source": "y = 1", "metadata": {}, "outputs": []}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [CELLS[name], good]})
    (ana / "p3.ipynb").write_text(text.replace("}", ', "nan": NaN}', 0))
    found = taken_in(ana)
    assert len(assemble(found).cells) == 2
    assert "\\ud800" not in json.dumps(assemble(found))


def test_many_notebooks_are_not_all_read(ana):
    for number in range(300):
        (ana / f"n{number}.ipynb").write_text(notebook())
    found = taken_in(ana)
    assert len(found.notebooks) == 50
    assert "50" in found.problems[0]


# -- names -----------------------------------------------------------------------------------
NAMES = [
    b"salto\n.ipynb",
    "\u202ebnypi.ipynb".encode(),
    b"caf\xe9.ipynb",
    b"\x1b]0;owned\x07.ipynb",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_odd_file_names_arrive_harmless(ana, name):
    (ana / "p3.ipynb").unlink()
    with open(os.path.join(os.fsencode(ana), name), "w") as stream:
        stream.write(notebook())
    for path in (ana, Path(os.fsdecode(os.path.join(os.fsencode(ana), name)))):
        found = taken_in(path)
        [book] = found.notebooks
        assert one_line(str(book)) == str(book)
        assert found.model_dump_json()
        assert found.problems


@pytest.mark.parametrize(
    "name", [b"jos\xe9", b"luis\nperez", b"\x1b[2Jluis", "²luis".encode(), b"luis1\xc2\xb23"]
)
def test_odd_folder_names_do_not_stop_the_class(ana, name):
    odd = os.path.join(os.fsencode(ana.parent), name)
    os.mkdir(odd)
    with open(os.path.join(odd, b"p3.ipynb"), "w") as stream:
        stream.write(notebook())
    found = collect([ana.parent], RUBRIC)
    assert len(found) == 2
    assert all(len(s.notebooks) == 1 and s.model_dump_json() for s in found)
    assert all(s.id.isascii() and s.id.replace("-", "").replace("_", "").isalnum() for s in found)


def test_nobody_is_called_like_a_file_of_the_class(tmp_path):
    for name in ("index.html", "marks.csv", "results.junit.xml", "pytest.log", "con", "prn"):
        folder = tmp_path / "clase" / name
        folder.mkdir(parents=True)
        (folder / "p3.ipynb").write_text(notebook())
    ids = [s.id for s in collect([tmp_path / "clase"], RUBRIC)]
    assert not any("." in name or name in ("con", "prn") for name in ids)
    assert len(set(ids)) == 6


# -- corrige.yaml ----------------------------------------------------------------------------
LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)
YAML = {
    "billion laughs": LAUGHS,
    "merged laughs": MERGES,
    "depth": "[" * 30_000,
    "closed depth": "students: " + "[" * 900 + "]" * 900,
    "object": "students: !!python/object/apply:os.system ['touch owned']",
    "name": "students: !!python/name:os.system",
    "own alias": "students: &a [*a]",
    "twice": "students: [Ana]\nstudents: [Luis]",
    "types": "students: {a: b}\norder: 3\ndata: [1]",
    "many": "students: [" + "x, " * 5000 + "x]",
    "date": "students: [2020-13-45]",
    "nothing said": "students: !!int ''",
    "keys": "? [a, b]\n: c",
    "bytes": "students: [\x00]",
}


@pytest.mark.parametrize("name", YAML)
def test_a_nasty_corrige_yaml_is_not_used(ana, name, monkeypatch):
    monkeypatch.chdir(ana)
    (ana / "corrige.yaml").write_text(YAML[name])
    began = time.monotonic()
    found = taken_in(ana)
    assert time.monotonic() - began < 30
    assert found.students == ()
    assert "corrige.yaml" in found.problems[0]
    assert "\n" not in found.problems[0]
    assert not (ana / "owned").exists()


def test_ids_and_orders_of_a_student_lead_nowhere(ana):
    (ana / "corrige.yaml").write_text(
        'students: ["../../x", "=1+1", "\\e[31m<b>"]\n'
        "order: [../luis/p3.ipynb, /etc/passwd]\ndata: {../../etc/passwd: train}\n"
    )
    found = taken_in(ana)
    assert found.id == "ana"
    assert all_files(found) == {"p3.ipynb"}
    assert not any("\x1b" in name for name in found.students)


# -- git -------------------------------------------------------------------------------------
@pytest.fixture
def checkout(ana):
    git(ana, "init", "-q")
    git(ana, "add", "p3.ipynb")
    moment = "2024-05-01T10:00:00 +0000"
    git(ana, "commit", "-qm", "x", GIT_COMMITTER_DATE=moment, GIT_AUTHOR_DATE=moment)
    return ana


def git(folder, *arguments, **more):
    who = {f"GIT_{w}_{f}": "a" for w in ("AUTHOR", "COMMITTER") for f in ("NAME", "EMAIL")}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=who | quiet | more)


WHEN = datetime(2024, 5, 1, 10, tzinfo=UTC)
RUNS = """[core]
  fsmonitor = touch {mark}
  sshCommand = touch {mark}
  gitProxy = touch {mark}
  pager = touch {mark}
  hooksPath = {hooks}
  attributesFile = {hooks}/attributes
  alternateRefsCommand = touch {mark}
[gpg]
  program = touch {mark}
[log]
  showSignature = true
[filter "evil"]
  clean = touch {mark}
  smudge = touch {mark}
  process = touch {mark}
[diff "evil"]
  textconv = touch {mark}
  external = touch {mark}
[diff]
  external = touch {mark}
[protocol]
  allow = always
[protocol "ext"]
  allow = always
[remote "origin"]
  url = ext::touch {mark}
  promisor = true
  uploadpack = touch {mark}
  partialclonefilter = blob:none
[extensions]
  partialclone = origin
[mailmap]
  file = /dev/zero
[alias]
  rev-list = !touch {mark}
"""


def test_a_checkouts_configuration_runs_nothing(checkout, tmp_path):
    """Every setting of git that names a program, and hooks, filters and text conversions."""
    mark, hooks = tmp_path / "owned", tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "pre-commit", "fsmonitor-watchman", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / name).chmod(0o755)
    (checkout / ".gitattributes").write_text("* filter=evil diff=evil\n")
    config = checkout / ".git" / "config"
    included = tmp_path / "included"
    included.write_text(RUNS.format(mark=mark, hooks=hooks))
    config.write_text(
        config.read_text() + f"[include]\n  path = {included}\n" + included.read_text()
    )
    assert last_commit(checkout) in (WHEN, None)
    assert all_files(taken_in(checkout)) == {"p3.ipynb"}
    assert not mark.exists()


def test_a_missing_commit_is_not_fetched(checkout, tmp_path):
    """A checkout that says its commits are elsewhere, at an address that is a command."""
    mark = tmp_path / "owned"
    config = checkout / ".git" / "config"
    config.write_text(config.read_text() + RUNS.format(mark=mark, hooks=tmp_path))
    head = subprocess.run(
        ["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if head:
        (checkout / ".git" / "objects" / head[:2] / head[2:]).unlink()
    mark.unlink(missing_ok=True)
    assert last_commit(checkout) is None
    assert not mark.exists()


def test_another_repository_does_not_speak_for_this_one(checkout, tmp_path):
    """`.git` as a file or a link that points elsewhere; a bare repository in the work itself."""
    for number, make in enumerate(
        (
            lambda f: (f / ".git").write_text(f"gitdir: {checkout / '.git'}\n"),
            lambda f: (f / ".git").symlink_to(checkout / ".git"),
            lambda f: git(f, "init", "-q", "--bare"),
            lambda f: (f / ".git").mkdir(),
        )
    ):
        other = checkout / f"otra{number}"
        other.mkdir()
        make(other)
        assert last_commit(other) is None


def test_replaced_commits_do_not_count(checkout):
    git(checkout, "commit", "-q", "--allow-empty", "-m", "y", GIT_COMMITTER_DATE="@1 +0000")
    git(checkout, "replace", "HEAD", "HEAD~1")
    assert last_commit(checkout) == datetime.fromtimestamp(1, UTC)


def test_a_submodule_is_not_entered(checkout, tmp_path):
    (checkout / ".gitmodules").write_text(
        '[submodule "x"]\n  path = x\n  url = ext::sh -c "touch owned"\n  update = !touch owned\n'
    )
    assert last_commit(checkout) == WHEN
    assert not (checkout / "owned").exists()


# -- planted files ---------------------------------------------------------------------------
PLANTED = (
    "conftest.py", "sitecustomize.py", "usercustomize.py", "torch.py", "numpy.py", "typer.py",
    "rich.py", "json.py", "pydantic.py", "pytest.py", "nbformat.py",
)  # fmt: skip


@pytest.fixture
def planted(ana):
    for name in PLANTED:
        (ana / name).write_text("open('owned', 'w').close()\nraise SystemExit('owned')\n")
    (ana / "x.pth").write_text("import os; open('owned', 'w').close()\n")
    (ana / ".env").write_text("PYTHONPATH=.\nCORRIGE_DATA=.\n")
    return ana


def corrige(folder, *arguments, **environment):
    return subprocess.run(
        arguments,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_beside_a_notebook_is_imported_when_started_there(planted):
    start = "import sys; sys.path.insert(0, ''); from graders.cli import main; main()"
    done = corrige(planted, sys.executable, "-c", start, "list")
    assert "owned" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    assert not (planted / "owned").exists()


def test_plain_pytest_takes_no_conftest_of_a_submission(planted):
    (planted / "pytest.ini").write_text("[pytest]\n")
    done = corrige(
        planted, sys.executable, "-m", "pytest", "-p", "graders.plugin", "--assignment", "nope",
        "--submission", str(planted),
    )  # fmt: skip
    assert "nope" in done.stdout + done.stderr
    assert not (planted / "owned").exists()


def test_a_current_folder_that_is_a_submission_does_not_say_how_it_is_marked(ana, monkeypatch):
    """Its rubric would be met by anything, its data would be unpickled."""
    (ana / "rubrics").mkdir()
    (ana / "rubrics" / "p3.yaml").write_bytes((ROOT / "rubrics" / "p3.yaml").read_bytes())
    monkeypatch.chdir(ana)
    with pytest.raises(UsageProblem, match="another folder"):
        prepare("p3", [Path()], Options(sandbox="none"))


def test_data_are_never_taken_from_a_submission(tmp_path, ana):
    (ana / "higgs_train.pkl").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    for given in (tmp_path, ana, ana / "data"):
        (ana / "data").mkdir(exist_ok=True)
        with pytest.raises(UsageProblem):
            data_files.locate(RUBRIC, given, apart=[ana])
    (tmp_path / "datos").mkdir()
    (tmp_path / "datos" / "higgs_train.pkl").write_bytes(b"")
    [path] = data_files.locate(RUBRIC, tmp_path, apart=[ana]).values()
    assert path.parent.name == "datos"


# -- no pickle -------------------------------------------------------------------------------
def test_nothing_of_ours_unpickles_what_a_student_wrote():
    """Only the teacher's own data, and of a pickle of arrays nothing but plain values comes."""
    found = []
    for path in sorted((ROOT / "graders").rglob("*.py")):
        place = path.relative_to(ROOT / "graders").as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found += [f"{place}: {what}" for what in unpickling(node)]
    # The probe runs in the student's own kernel and reads nothing of what it wrote.
    inside = {
        "probe/shims/colab.py: __import__",
        "probe/shims/image_sets.py: pickle",
        *(f"probe/questions.py: {what}" for what in ("compile", "exec", "eval")),
    }
    assert [what for what in found if what not in inside] == [
        "analysis/array_pickle.py: pickle",
        "analysis/array_pickle.py: Unpickler",
        "analysis/trusted.py: read_pickle",
        "analysis/weights_file.py: torch.load",
    ]


def unpickling(node: ast.AST):
    names = {"pickle", "cPickle", "_pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
    if isinstance(node, ast.Import):
        yield from (a.name for a in node.names if a.name.split(".")[0] in names)
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in names:
        yield str(node.module)
    if isinstance(node, ast.Attribute) and node.attr in ("read_pickle", "Unpickler", "read_hdf"):
        yield node.attr
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        given = {k.arg: ast.unparse(k.value) for k in node.keywords}
        if given.get("allow_pickle", "False") != "False":
            yield f"{called} with pickle"
        if called.endswith("np.load") and "allow_pickle" not in given:
            yield f"{called} without saying so"
        if called.endswith(("torch.load", "jit.load", "export.load")):
            yield called
        if called in ("eval", "exec", "compile", "__import__"):
            yield called


def test_the_teachers_own_folder_of_notebooks_is_no_students(tmp_path):
    """A class of lone notebooks beside the teacher's data: that folder may be stood in."""
    for name in ("ana", "luis"):
        (tmp_path / f"{name}.ipynb").write_text(notebook())
    roots = [s.root for s in collect([tmp_path / "ana.ipynb", tmp_path / "luis.ipynb"], RUBRIC)]
    assert _folders_of_students(roots, [tmp_path / "ana.ipynb", tmp_path / "luis.ipynb"]) == []
    assert _folders_of_students([*roots, tmp_path / "eva"], [tmp_path]) == [tmp_path / "eva"]

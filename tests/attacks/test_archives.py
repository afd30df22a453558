"""Hostile archives: nothing gets out of the folder, nothing unfolds without end."""

from __future__ import annotations

import os
import tarfile
import time
import zipfile
from pathlib import Path, PurePosixPath

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.intake import collect
from graders.intake.packed_names import PackedNames
from graders.intake.packed_streams import Allowance
from graders.language import speaking
from graders.printable import one_line
from graders.rubric.model import Rubric, Text
from tests.attacks import builders

RUBRIC = Rubric(assignment="p3", title=Text(es="x", en="x"), exercises=())
QUICK = 60  # seconds, on a machine with other things to do


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def taken_in(tmp_path, monkeypatch):
    """`taken_in(path)`: the submissions, unpacked below a folder that is looked at."""
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(inside))
    return lambda *paths: collect(paths, RUBRIC)


def everything(folder: Path) -> list[Path]:
    return [Path(here) / name for here, _below, names in os.walk(folder) for name in names]


@pytest.mark.parametrize("attack", builders.ESCAPES, ids=lambda f: f.__name__)
def test_nothing_gets_out_of_the_folder(tmp_path, taken_in, attack):
    (tmp_path / "in").mkdir()
    path = attack(tmp_path / "in")
    before = set(everything(tmp_path))
    [found] = taken_in(path)
    assert [p.name for p in found.notebooks] == ["p3.ipynb"]
    made = set(everything(tmp_path)) - before
    assert all(p.is_relative_to(tmp_path / "inside") for p in made)
    assert not any(p.is_symlink() or not p.is_file() for p in made)
    assert not (tmp_path / "out.ipynb").exists()
    assert not (tmp_path / "in" / "out.ipynb").exists()
    assert "left out" in found.problems[0] or attack is builders.endless_names


@pytest.mark.parametrize("attack", builders.BOMBS, ids=lambda f: f.__name__)
def test_bombs_are_refused(tmp_path, taken_in, attack):
    (tmp_path / "in").mkdir()
    path = attack(tmp_path / "in")
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    [found] = taken_in(path)
    assert time.monotonic() - began < QUICK
    assert found.notebooks == ()
    assert found.problems
    assert path.name in found.problems[0]
    assert everything(tmp_path / "inside") == []  # what had been unpacked is gone
    assert psutil.Process().memory_info().rss - before < 250 * 2**20


@pytest.mark.parametrize("attack", builders.DAMAGED, ids=lambda f: f.__name__)
def test_damaged_archives_get_a_sentence(tmp_path, taken_in, attack):
    [found] = taken_in(attack(tmp_path))
    assert found.notebooks == ()
    assert "ana." in found.problems[0]


def test_what_is_packed_inside_shares_the_limit(tmp_path, taken_in, monkeypatch):
    monkeypatch.setattr("graders.intake.packed_streams.MAX_BYTES", 150 * 2**20)
    found = taken_in(builders.nested_bombs(tmp_path))
    assert sum(bool(s.notebooks) for s in found) <= 2
    assert sum(p.stat().st_size for p in everything(tmp_path / "inside")) < 160 * 2**20


def test_archives_are_not_opened_without_end(tmp_path, taken_in):
    inner = builders.zipped(tmp_path / "p3.zip", [("p3.ipynb", builders.notebook())])
    for _depth in range(6):
        outer = tmp_path / "outer.zip"
        with zipfile.ZipFile(outer, "w") as out:
            out.write(inner, "p3.zip")
        inner = outer.rename(tmp_path / "p3.zip")
    [found] = taken_in(inner)
    assert found.notebooks == ()
    assert found.problems


def test_a_sparse_tar_counts_its_holes(tmp_path, taken_in, monkeypatch):
    monkeypatch.setattr("graders.intake.packed_streams.MAX_BYTES", 2**20)
    item = tarfile.TarInfo("p3.ipynb")
    item.type, item.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(item.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"00000000000\0" + b"00000001000\0"  # one piece of 512 bytes
    header[483:495] = b"77777777777\0"  # 8 GiB once the holes are there
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "ana.tar").write_bytes(bytes(header) + bytes(512 + 1024))
    [found] = taken_in(tmp_path / "ana.tar")
    assert found.notebooks == ()
    assert found.problems


def test_names_that_some_systems_take_for_the_same_are_kept_apart(tmp_path, taken_in):
    one, two = builders.notebook("a = 1"), builders.notebook("b = 2")
    entries = [("p3.ipynb", one), ("P3.ipynb", two), ("año.py", "1"), ("an\u0303o.py", "2")]
    [found] = taken_in(builders.zipped(tmp_path / "ana.zip", entries))
    assert len({str(p).casefold() for p in found.notebooks}) == 2
    assert len(found.files) == 2


def test_the_later_of_two_equal_names_counts_and_it_is_said(tmp_path, taken_in):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = builders.zipped(
            tmp_path / "ana.zip",
            [
                ("p3.ipynb", builders.notebook("old = 1")),
                ("p3.ipynb", builders.notebook("new = 1")),
            ],
        )
    [found] = taken_in(path)
    assert "new = 1" in (found.root / "p3.ipynb").read_text()
    assert "twice" in found.problems[0]


def test_one_archive_in_a_class_is_one_submission(tmp_path, taken_in):
    """Ana's zip holds folders that look like two other people's: nobody hands in for others."""
    clase = tmp_path / "clase"
    for name in ("luis_perez", "marta_gil"):
        (clase / name).mkdir(parents=True)
        (clase / name / "p3.ipynb").write_text(builders.notebook())
    entries = [(f"{n}/p3.ipynb", builders.notebook()) for n in ("luis_perez", "marta_gil")]
    builders.zipped(clase / "ana.zip", entries)
    assert sorted(s.id for s in taken_in(clase)) == ["ana", "luis_perez", "marta_gil"]


ODD = [
    "con\nsalto.ipynb", "\u202ebnypi.3p.ipynb", 'co"mi\'llas<b>.ipynb', "ñ" * 150 + ".ipynb",
    "\x1b[31mrojo\x07.ipynb", "-rf.ipynb", "con.txt.ipynb", "$(touch x).ipynb", "a\u2028b.ipynb",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_names_arrive_harmless(tmp_path, taken_in, name):
    [found] = taken_in(builders.zipped(tmp_path / "ana.zip", [(name, builders.notebook())]))
    [path] = found.notebooks
    assert one_line(str(path)) == str(path)
    assert len(path.name.encode()) < 200
    assert found.model_dump_json()


def test_bytes_that_are_no_text_arrive(tmp_path, taken_in):
    with tarfile.open(tmp_path / "ana.tar", "w", format=tarfile.GNU_FORMAT) as out:
        item = tarfile.TarInfo("pr\udce1ctica.ipynb")
        (tmp_path / "x").write_text(builders.notebook())
        item.size = (tmp_path / "x").stat().st_size
        with (tmp_path / "x").open("rb") as stream:
            out.addfile(item, stream)
    [found] = taken_in(tmp_path / "ana.tar")
    assert [p.name for p in found.notebooks] == ["práctica.ipynb"]
    assert found.model_dump_json()


def test_an_honest_messy_zip_is_taken_in(tmp_path, taken_in):
    """`__MACOSX`, `.DS_Store`, spaces, accents, a large picture, a zip in it, a virtualenv."""
    entries = [
        ("Práctica 3/mi entrega.ipynb", builders.notebook()),
        ("__MACOSX/Práctica 3/._mi entrega.ipynb", "x"),
        ("Práctica 3/.DS_Store", "x"),
        ("Práctica 3/venv/lib/x.py", "x"),
    ]
    path = builders.zipped(tmp_path / "ana.zip", entries)
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("Práctica 3/foto grande.png", os.urandom(50 * 2**20))
    [found] = taken_in(path)
    assert [p.name for p in found.notebooks] == ["mi entrega.ipynb"]
    assert [p.name for p in found.files] == ["foto grande.png"]
    assert found.problems == ()
    with zipfile.ZipFile(tmp_path / "otra.zip", "w") as out:
        out.write(path, "Ana.zip")
    [found] = taken_in(tmp_path / "otra.zip")
    assert len(found.notebooks) == 1


parts = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["..", ".", "", "/", "\\", "C:", "a", "A", "\0", "\udcff", "\ud800", "n" * 300]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(parts, max_size=6).map("/".join), max_size=8))
def test_no_name_leads_out_and_no_two_meet(names):
    packed = PackedNames()
    placed = [(name, place) for name in names if (place := packed.place(name)) is not None]
    for _name, place in placed:
        assert not place.is_absolute()
        assert ".." not in place.parts
        assert place.parts
        assert one_line(str(place)) == str(place)
        assert all(len(part.encode()) <= 255 for part in place.parts)
    folded = {}
    for _name, place in placed:
        assert folded.setdefault(str(place).casefold(), place) == place
    assert all(
        PurePosixPath(parent) not in {p for _n, p in placed}
        for _name, place in placed
        for parent in place.parents
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(parts, max_size=4).map("/".join), min_size=1, max_size=6))
def test_unpacking_any_names_writes_nowhere_else(tmp_path_factory, names):
    from graders.intake.archive import unpack

    folder = tmp_path_factory.mktemp("any")
    target = folder / "target"
    target.mkdir()
    with tarfile.open(folder / "a.tar", "w") as out:
        for name in names:
            item = tarfile.TarInfo()
            item.name = (
                name.replace("\0", "0")
                .encode("utf-8", "surrogatepass")
                .decode("utf-8", "surrogateescape")
            )
            out.addfile(item)
    unpack(folder / "a.tar", target, Allowance())
    outside = [p for p in everything(folder) if not p.is_relative_to(target)]
    assert outside == [folder / "a.tar"]

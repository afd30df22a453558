"""When was it handed in? From the list, the platform, git, archives and files, in this order."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graders.intake import Submission, collect
from graders.intake.received_list import read_list
from graders.intake.told import Told, named, time_file
from graders.language import speaking
from graders.rubric import Rubric, RubricError, Text

BOOK = (
    '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", '
    '"metadata": {}, "source": "x = 1", "outputs": [], "execution_count": null}]}'
)
CARACAS = ZoneInfo("America/Caracas")
RUBRIC = Rubric(
    assignment="t1",
    title=Text(es="x", en="x"),
    exercises=(),
    zone="America/Caracas",
    deadline="2025-08-01T23:59:00-04:00",
)
NOON = datetime(2025, 7, 30, 12, 0, tzinfo=CARACAS)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


def put(path: Path, moment: datetime | None = None, text: str = BOOK) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if moment is not None:
        os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path


def one(path: Path, own: bool = False) -> Submission:
    [found] = collect([path], RUBRIC, own=own)
    return found


def told(found: Submission) -> tuple[datetime | None, str | None]:
    return found.received, found.received_by


def test_a_file_written_here_tells_nothing(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "t1.ipynb")
    assert told(one(tmp_path / "ana")) == (None, None)


def test_the_newest_time_that_was_kept(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "a.ipynb", datetime(2025, 7, 1, tzinfo=UTC))
    put(tmp_path / "ana" / "b.ipynb", NOON)
    put(tmp_path / "ana" / "red.py", datetime(2025, 9, 1, tzinfo=UTC), "x = 1")
    found = one(tmp_path / "ana")
    assert told(found) == (NOON, "file")
    assert str(found.received) == "2025-07-30 12:00:00-04:00"
    assert told(one(put(tmp_path / "luis.ipynb", NOON))) == (NOON, "file")


def test_ones_own_work_is_not_handed_in(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "t1.ipynb", NOON)
    assert told(one(tmp_path / "ana", own=True)) == (None, None)


def test_a_zip_is_on_the_clock_of_the_course(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as out:
        out.writestr(zipfile.ZipInfo("a.ipynb", (2025, 7, 30, 12, 0, 0)), BOOK)
        out.writestr(zipfile.ZipInfo("later.txt", (2025, 8, 30, 12, 0, 0)), "")
    assert told(one(tmp_path / "ana.zip")) == (NOON, "archive")


def test_a_zip_that_says_it_in_utc(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("a.ipynb", (2025, 7, 30, 18, 0, 0))  # zipped in Madrid
    entry.extra = struct.pack("<HHBi", 0x5455, 5, 1, int(NOON.timestamp()))
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as out:
        out.writestr(entry, BOOK)
    assert told(one(tmp_path / "ana.zip")) == (NOON, "archive")


@pytest.mark.parametrize("extra", [b"\x55\x54", b"\x55\x54\x01\x00\x00", b"\x55\x54\x00\x00"])
def test_a_zip_whose_times_in_utc_say_nothing(tmp_path: Path, extra: bytes) -> None:
    entry = zipfile.ZipInfo("a.ipynb", (2025, 7, 30, 12, 0, 0))
    entry.extra = extra
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as out:
        out.writestr(entry, BOOK)
    assert told(one(tmp_path / "ana.zip")) == (NOON, "archive")


def test_archives_without_times(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as out:
        out.writestr(zipfile.ZipInfo("a.ipynb"), BOOK)  # 1980
    assert told(one(tmp_path / "ana.zip")) == (None, None)
    put(tmp_path / "luis" / "t1.ipynb", datetime(1970, 1, 1, tzinfo=UTC))
    with tarfile.open(tmp_path / "luis.tar.gz", "w:gz") as out:
        out.add(tmp_path / "luis", "luis")
    assert told(one(tmp_path / "luis.tar.gz")) == (None, None)


@pytest.mark.parametrize("seconds", [0, 253402300799, 7258118400, 4102444800])
def test_moments_at_which_nothing_was_handed_in(tmp_path: Path, seconds: int) -> None:
    entry = tarfile.TarInfo("t1.ipynb")
    entry.size, entry.mtime = len(BOOK), seconds
    with tarfile.open(tmp_path / "ana.tar", "w") as out:
        out.addfile(entry, io.BytesIO(BOOK.encode()))
    assert told(one(tmp_path / "ana.tar")) == (None, None)
    put(tmp_path / "t1_attempt_9999-12-31-23-59-59.ipynb")
    assert told(one(tmp_path / "t1_attempt_9999-12-31-23-59-59.ipynb")) == (None, None)


def test_a_class_packed_by_the_platform_keeps_each_ones_times(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t1.zip", "w") as out:
        for day, name in ((28, "García Ana"), (29, "Pérez Luis")):
            place = f"{name}_12{day}_assignsubmission_file_/t1.ipynb"
            out.writestr(zipfile.ZipInfo(place, (2025, 7, day, 12, 0, 0)), BOOK)
    found = collect([tmp_path / "t1.zip"], RUBRIC)
    assert [s.received.day for s in found if s.received] == [28, 29]
    assert {s.received_by for s in found} == {"archive"}


def test_a_class_whose_files_have_one_time_was_copied(tmp_path: Path) -> None:
    for number, name in enumerate(("ana", "luis", "eva")):
        moment = datetime(2025, 9, 1, 12, number, tzinfo=UTC)
        put(tmp_path / "t1" / name / "t1.ipynb", moment)
    assert {told(s) for s in collect([tmp_path / "t1"], RUBRIC)} == {(None, None)}
    put(tmp_path / "t1" / "eva" / "t1.ipynb", NOON)
    assert None not in {s.received for s in collect([tmp_path / "t1"], RUBRIC)}


def test_a_platform_that_only_says_late(tmp_path: Path) -> None:
    found = one(put(tmp_path / "garciaana_LATE_123_456_t1.ipynb"))
    assert found.students == ("garciaana",)
    assert any("calls it late" in problem for problem in found.problems)
    assert one(put(tmp_path / "perezluis_123_456_t1.ipynb")).problems == ()


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("García Ana_123_assignsubmission_file_", "García Ana"),
        ("12345-67890 - Ana García - Jul 31, 2025 1010 PM", "Ana García"),
        ("García, Ana(agarcia)", "García, Ana"),
        ("Tarea 1_agarcia_attempt_2025-07-31-22-10-33", "agarcia"),
        ("ana_garcia", None),
        ("1-2 - apuntes", None),
        ("notebook_100_200_x", None),
        ("ana_3_4_sigmoide", None),
    ],
)
def test_who_a_platform_says_it_is(tmp_path: Path, name: str, student: str | None) -> None:
    put(tmp_path / "t1" / name / "t1.ipynb")
    assert one(tmp_path / "t1" / name).students == ((student,) if student else ())


def test_odd_names_keep_their_times(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "t1\u202e.ipynb", NOON)
    assert told(one(tmp_path / "ana")) == (NOON, "file")


def test_a_commit_is_surer_than_files(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "t1.ipynb", datetime(2025, 9, 1, tzinfo=UTC))
    when = {"GIT_AUTHOR_DATE": NOON.isoformat(), "GIT_COMMITTER_DATE": NOON.isoformat()}
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm x"):
        git = ["git", "-C", str(tmp_path / "ana"), *command.split()]
        subprocess.run(git, check=True, env={**os.environ, **when})
    assert told(one(tmp_path / "ana")) == (NOON, "commit")


NAMES = {
    "Tarea 1_agarcia_attempt_2025-07-31-22-10-33_T1.ipynb": datetime(2025, 7, 31, 22, 10, 33),
    "Tarea 1_agarcia_intento_2025-07-31-22-10-33": datetime(2025, 7, 31, 22, 10, 33),
    "12345-67890 - Ana García - Jul 31, 2025 1010 PM": datetime(2025, 7, 31, 22, 10),
    "12345-67890 - Ana García-López - 31 July, 2025 2210": datetime(2025, 7, 31, 22, 10),
}


@pytest.mark.parametrize(("name", "moment"), NAMES.items())
def test_names_of_platforms(name: str, moment: datetime) -> None:
    assert named(name) == Told(moment, "platform")


@pytest.mark.parametrize(
    "name",
    [
        "ana",
        "García Ana_123_assignsubmission_file_",
        "garciaana_LATE_123_456_t1",
        "t1_attempt_2025-02-31-22-10-33",
        "t1_attempt_2025-07-31-22-10-331",
        "12-34 - Ana - mañana",
    ],
)
def test_names_that_tell_no_moment(name: str) -> None:
    assert named(name) is None


def test_a_platforms_name_is_the_moment(tmp_path: Path) -> None:
    put(tmp_path / "t1" / "T1_ana_attempt_2025-07-30-12-00-00_t1.ipynb", datetime.now(UTC))
    put(tmp_path / "t1" / "T1_luis_attempt_2025-07-30-12-00-00" / "t1.ipynb")
    found = [one(path) for path in sorted((tmp_path / "t1").iterdir())]
    assert [told(s) for s in found] == [(NOON, "platform")] * 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20250730120000123", datetime(2025, 7, 30, 12)),
        ("2025-07-30 12:00:00.123456 America/Caracas\n", NOON),
        ("2025-07-30 16:00:00 UTC", NOON),
    ],
)
def test_files_of_times(tmp_path: Path, text: str, moment: datetime) -> None:
    put(tmp_path / "timestamp.txt", text=text)
    assert time_file(tmp_path) == Told(moment, "platform")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "20251330120000123", "2025-07-30 12:00:00 ../etc", "2" * 500]
)
def test_files_of_times_that_tell_none(tmp_path: Path, text: str) -> None:
    put(tmp_path / "timestamp.txt", text=text)
    assert time_file(tmp_path) is None


def test_the_file_of_times_is_the_platforms_not_what_the_student_packed(tmp_path: Path) -> None:
    ana, luis = tmp_path / "García, Ana(agarcia)", tmp_path / "Pérez, Luis(lperez)"
    for student in (ana, luis):
        packed = student / "Submission attachment(s)" / "t1.zip"
        packed.parent.mkdir(parents=True)
        with zipfile.ZipFile(packed, "w") as out:
            out.writestr(zipfile.ZipInfo("t1.ipynb", (2025, 7, 30, 12, 0, 0)), BOOK)
            out.writestr("timestamp.txt", "20250101000000000")
    put(ana / "timestamp.txt", text="20250730120000123")
    found = [told(s) for s in collect([tmp_path], RUBRIC)]
    assert found == [(NOON, "platform"), (NOON, "archive")]


def test_the_teachers_list_is_above_all(tmp_path: Path) -> None:
    for name in ("ana", "luis", "eva"):
        put(tmp_path / "t1" / name / "t1.ipynb", datetime(2025, 9, 1, tzinfo=UTC))
    put(tmp_path / "t1" / "T1_max_attempt_2025-07-31-22-10-33.ipynb")
    put(
        tmp_path / "t1" / "received.csv",
        text="submission;received\nAna;2025-07-30T12:00\nluis;2025-07-30T18:00:00+02:00\n\n"
        "T1_max_attempt_2025-07-31-22-10-33;2025-07-30T12:00\n",
    )
    found = {s.id: told(s) for s in collect([tmp_path / "t1"], RUBRIC)}
    assert found["ana"] == found["luis"] == (NOON, "list")
    assert found["eva"] == (datetime(2025, 9, 1, tzinfo=UTC), "file")
    assert found["T1_max_attempt_2025-07-31-22-10-33"] == (NOON, "list")
    assert told(one(tmp_path / "t1" / "ana")) == (NOON, "list")


def test_a_list_in_a_students_folder_is_not_the_teachers(tmp_path: Path) -> None:
    put(tmp_path / "ana" / "t1.ipynb", NOON)
    put(tmp_path / "ana" / "received.csv", text="submission,received\nana,2025-01-01T12:00\n")
    assert told(one(tmp_path / "ana")) == (NOON, "file")


WRONG = {
    "columns": ("who,when\nana,2025-07-30\n", 1, "must name the columns submission, received"),
    "nobody": ("submission,received\nanna,2025-07-30\n", 2, "no delivery 'anna' here"),
    "twice": ("submission,received\nana,2025-07-30\nAna,2025-07-31\n", 3, "'Ana' stands twice"),
    "moment": ("submission,received\n\nana,30/7/2025\n", 3, "'30/7/2025' is not a moment"),
    "no zone": ("submission,received\nana,2025-07-30T12:00\n", 2, "needs a zone"),
    "empty": ("", 1, "must name the columns"),
    "no moment": ("submission,received\nana\n", 2, "'' is not a moment"),
}


@pytest.mark.parametrize(("text", "line", "message"), WRONG.values(), ids=WRONG)
def test_a_list_that_is_wrong(tmp_path: Path, text: str, line: int, message: str) -> None:
    put(tmp_path / "ana" / "t1.ipynb")
    put(tmp_path / "received.csv", text=text)
    with pytest.raises(RubricError) as caught:
        read_list(tmp_path, [tmp_path / "ana"], None if message == "needs a zone" else CARACAS)
    [problem] = caught.value.problems
    assert (problem.line, message in problem.message) == (line, True)


def test_without_a_list(tmp_path: Path) -> None:
    assert read_list(tmp_path, [], CARACAS) == {}

import csv
import io

import pytest

from graders.export import write_csv
from graders.export.marks import COLUMNS, LATE_COLUMNS, harmless


def rows(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_for_each_submission(tmp_path, make, unrunnable):
    path = tmp_path / "marks.csv"
    write_csv([make(), unrunnable], path)
    first, second = rows(path)
    assert list(first) == [*COLUMNS, "e1", "e2", "e1.a", "e1.b", "e2.a", "e2.b", "e2.c"]
    assert first["students"] == "Ana Núñez; Łukasz Żółć"
    assert (first["mark"], first["mark_low"], first["mark_high"]) == ("", "1.50", "3.50")
    assert (first["e1"], first["e2"]) == ("0.50", "")  # a range is not a mark
    assert (first["e1.b"], first["e2.b"]) == ("violated", "not_assessed")
    assert (second["status"], second["mark"], second["e1.a"]) == ("not_runnable", "0.00", "")


def test_lateness_has_columns_where_there_is_a_deadline(tmp_path, make, late):
    path = tmp_path / "marks.csv"
    write_csv([make(late=late), make()], path)
    first, second = rows(path)
    assert list(first)[: len(COLUMNS) + 4] == [*COLUMNS, *LATE_COLUMNS]
    assert [first[name] for name in LATE_COLUMNS] == [
        "2025-07-25T12:00:00-04:00",
        "commit",
        "2",
        "3.50",
    ]
    assert [second[name] for name in LATE_COLUMNS] == [""] * 4


def test_excel_knows_the_encoding(tmp_path, make):
    path = tmp_path / "marks.csv"
    write_csv([make()], path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_pandas_reads_it(tmp_path, make, unrunnable):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "marks.csv"
    write_csv([make(), unrunnable], path)
    frame = pandas.read_csv(path)
    assert frame.columns[0] == "submission"
    assert frame["mark_low"].tolist() == [1.5, 0.0]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+cmd|' /C calc'!A0",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        '"=1',
        "a;=1+1",
        "a,=1+1",
        'a";"=1',
        "a\t=1",
        "＝1+1",
        "\x00=1",
    ],
)
def test_formulas_are_neutralised(text):
    cell = harmless(text)
    for piece in cell.replace(",", ";").replace("|", ";").split(";"):
        assert piece.strip(' "')[:1] not in {"=", "+", "-", "@", "＝"}, cell
    assert not any(character in cell for character in "\t\r\n\x00")


@pytest.mark.parametrize("text", ["-3", "-0.5", "+2,5", "42", "Ana-María", "a=b", "x@y.es", ""])
def test_what_is_no_formula_is_left_alone(text):
    assert harmless(text) == text


def test_hostile_names_keep_one_row(tmp_path, make):
    path = tmp_path / "marks.csv"
    names = ('a"b,c\nd\r\ne', "=cmd|'/C calc'!A0", "\ud800x\u2028y", "ñ" * 300)
    write_csv([make("=evil", students=names[:2]), make(students=names[3:])], path)
    found = rows(path)
    assert len(found) == 2
    assert found[0]["submission"] == "'=evil"
    assert found[0]["students"] == "a\"b,c d e; '=cmd|'/C calc'!A0"
    assert path.read_bytes().count(b"\r\n") == 3


def test_no_results(tmp_path):
    write_csv([], tmp_path / "marks.csv")
    assert rows(tmp_path / "marks.csv") == []


def test_a_failed_write_leaves_the_old_file(tmp_path, make, monkeypatch):
    path = tmp_path / "marks.csv"
    write_csv([make()], path)
    before = path.read_bytes()

    def full(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("graders.export.writing.os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_csv([], path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["marks.csv"]

from __future__ import annotations

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from graders.scoring import Result, read_result, write_result


def test_round_trip(marked: Callable[..., Result], tmp_path: Path) -> None:
    result = marked(quarter="v", half="u", left="v")
    path = tmp_path / "new" / "folder" / "result.json"
    write_result(result, path)
    assert read_result(path) == result
    assert Result.model_validate_json(result.model_dump_json()) == result
    assert os.listdir(path.parent) == ["result.json"]


def test_points_are_numbers_for_other_tools(marked: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_result(marked(quarter="v"), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert (data["mark"], data["max_mark"], data["status"]) == (4.48, 5.3, "graded")
    assert data["exercises"][0]["criteria"][1]["applied"] == 0.83
    assert str(read_result(path).mark) == "4.48"
    assert read_result(path).max_mark == Decimal("5.3")
    write_result(marked(quarter="u"), path)
    assert json.loads(path.read_text(encoding="utf-8"))["mark"] is None


def test_failure_leaves_the_old_file_and_nothing_else(
    marked: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_result(marked(), path)
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_result(marked(first="v"), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"assignment": "p3"}'])
def test_not_a_result(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="Result"):
        read_result(path)


def test_no_result(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_result(tmp_path / "result.json")

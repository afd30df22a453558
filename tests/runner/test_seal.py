"""The probe's log, as it was written and as it was tampered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.probe.log import EventLog
from graders.runner.seal import new_key, unseal

KEY = b"k" * 32


@pytest.fixture
def path(tmp_path):
    log = EventLog(str(tmp_path), KEY)
    for cell in range(3):
        log.write("pass", cell=cell, text="tab\t, newline\n, ñ, \ud800")
        log.write("cell", cell=cell)
    log.flush()
    return tmp_path / "events.jsonl"


def test_what_the_probe_wrote_is_kept_and_its_seal_taken_off(path):
    assert unseal(path, KEY, 3) == "whole"
    lines = path.read_text().splitlines()
    assert len(lines) == 6
    assert lines[1] == '{"event": "cell", "cell": 0}'


def test_a_line_of_somebody_elses_is_left_out(path):
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(2, b'{"event": "file", "path": "net.pt"}\n')
    path.write_bytes(b"".join(lines))
    assert unseal(path, KEY, 3) == "forged"
    assert "net.pt" not in path.read_text()
    assert len(path.read_text().splitlines()) == 6


def test_a_line_said_twice_or_taken_out_shows(path):
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (lines[:2] + lines[1:], lines[:1] + lines[2:], lines[1:]):
        path.write_bytes(b"".join(changed))
        assert unseal(path, KEY, 0) == "forged"


def test_another_key_opens_nothing(path):
    assert unseal(path, new_key(), 3) == "forged"
    assert path.read_text() == ""


def test_a_kernel_that_was_killed_leaves_half_a_line(path):
    path.write_bytes(path.read_bytes()[:-20])
    assert unseal(path, KEY, 0) == "whole"
    assert len(path.read_text().splitlines()) == 5


def test_cells_that_were_not_told_of(path):
    assert unseal(path, KEY, 4) == "stopped"


def test_no_log_at_all(tmp_path):
    assert unseal(tmp_path / "events.jsonl", KEY, 0) == "whole"
    assert unseal(tmp_path / "events.jsonl", KEY, 1) == "stopped"


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_can_be_put_in_unseen(tmp_path_factory, junk, place):
    folder = tmp_path_factory.mktemp("log")
    log = EventLog(str(folder), KEY)
    log.write("cell", cell=0)
    log.write("cell", cell=1)
    log.flush()
    path = folder / "events.jsonl"
    before = path.read_bytes()
    path.write_bytes(before[:place] + junk + before[place:])
    said = unseal(path, KEY, 2)
    events = path.read_text().splitlines()
    assert set(events) <= {'{"event": "cell", "cell": 0}', '{"event": "cell", "cell": 1}'}
    if said == "whole":
        assert len(events) == 2

from types import SimpleNamespace

import nbformat
import pytest

from graders.runner.client import CUT, DISPLAYS, CappedClient, _last_states


@pytest.fixture
def client():
    book = nbformat.v4.new_notebook()
    kernel = SimpleNamespace(manager=None, client=SimpleNamespace(cell_id=""))
    return CappedClient(book, kernel, 100)


def stream(text, name="stdout"):
    return {
        "msg_type": "stream",
        "header": {"msg_type": "stream"},
        "parent_header": {"msg_id": "1"},
        "content": {"name": name, "text": text},
    }


def display(data, kind="display_data"):
    return {
        "msg_type": kind,
        "header": {"msg_type": kind},
        "parent_header": {"msg_id": "1"},
        "content": {"data": data, "metadata": {}, "execution_count": 1},
    }


def test_streams_are_joined_and_cut(client):
    outs = []
    for text in ("a" * 60, "b" * 30, "c" * 500, "d"):
        client.output(outs, stream(text), None, 0)
    [only] = outs
    assert only.text.startswith("a" * 60 + "b" * 30 + "c")
    assert only.text.endswith(CUT)
    assert len(only.text) < 150
    assert client.truncated


def test_two_streams_stay_apart(client):
    outs = []
    client.output(outs, stream("a"), None, 0)
    client.output(outs, stream("b", "stderr"), None, 0)
    client.output(outs, stream("c"), None, 0)
    assert [o.name for o in outs] == ["stdout", "stderr", "stdout"]


def test_a_huge_display_leaves_a_mark(client):
    outs = []
    client.output(outs, display({"text/html": "x" * 100 * DISPLAYS}), None, 0)
    assert outs[0].data == {"text/plain": CUT}
    assert client.truncated


def test_clearing_gives_the_room_back(client):
    outs = []
    for _ in range(5):
        client.output(outs, display({"image/png": "x" * 700}), None, 0)
        message = {"content": {"wait": False}, "parent_header": {"msg_id": "1"}}
        client.clear_output(outs, message, 0)
    client.output(outs, display({"image/png": "x" * 700}), None, 0)
    assert "image/png" in outs[0].data
    assert not client.truncated


def test_a_progress_bar_leaves_its_last_state():
    assert _last_states("0%\r50%\r100%\nfin\r\n") == "100%\nfin\n"
    assert len(_last_states("x" * 2_000_000 + "\ra")) == 1  # in no time

"""Forged evidence: read without harm, never met for nonsense, and a person is told."""

from __future__ import annotations

import contextlib
import json
import os
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders import rubric as rubrics
from graders.analysis import Reading
from graders.analysis.network import Network
from graders.analysis.replay import Replay, ReplayError
from graders.batch import flags
from graders.batch.mark import ask, settle
from graders.batch.patience import Patience, TookTooLong
from graders.batch.remembered import Answers, Remembered
from graders.evidence import Blobs, EvidenceError, read
from graders.evidence.run_record import CellError, CellRecord, Notice, Output, RunRecord
from graders.intake.submission import Submission
from graders.language import speaking
from graders.runner.workplace import take_evidence, workplace
from graders.scoring.result import Flag, Verdict, VerdictKind
from tests.attacks.forgeries import Forgery, call, npz, pickled

QUICK = 60  # seconds, on a machine with other things to do
P3 = rubrics.load(Path(__file__).resolve().parents[2] / "rubrics" / "p3.yaml")
CRITERIA = [c for e in P3.exercises for c in e.criteria if not c.manual]


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def forgery(tmp_path):
    return Forgery(tmp_path / "evidence")


def marked(folder: Path) -> tuple[dict[str, Verdict], tuple[Flag, ...]]:
    """All of p3's verdicts and flags, as a class would get them."""
    reading = Reading(read(folder), folder, {})
    noticed = flags.observed(reading)
    answer = lambda criterion: ask(reading, criterion, None)  # noqa: E731 - one line says it
    return settle(answer, P3, language="en"), noticed


def check_held(folder: Path, *, damaged: bool = True) -> None:
    """No mark for nonsense, no fault of the grader, and quick."""
    began, before = time.monotonic(), psutil.Process().memory_info().rss
    verdicts, noticed = marked(folder)
    assert time.monotonic() - began < QUICK
    assert psutil.Process().memory_info().rss - before < 2**30
    by_check = [verdicts[c.id] for c in CRITERIA]
    assert not any(v.verdict is VerdictKind.MET for v in by_check)
    assert not any(v.grader_fault for v in by_check)
    if damaged:
        assert "evidence_damaged" in {flag.id for flag in noticed}
        assert not any(v.verdict is VerdictKind.VIOLATED for v in by_check)


# -- arrays ----------------------------------------------------------------------------------
ARRAYS = {
    "a shape of terabytes": lambda f: f.header((10**12,), content=b"\0" * 16),
    "a shape that overflows": lambda f: f.header((2**32, 2**32), content=b"\0" * 16),
    "a negative shape": lambda f: f.header((-1,), content=b"\0" * 16),
    "smaller than it says": lambda f: f.header((100,), content=b"\0" * 16),
    "larger than it says": lambda f: f.header((1,), content=b"\0" * 4000),
    "many columns of nothing": lambda f: f.header((0, 10**9)),
    "too many axes": lambda f: f.header((1,) * 30, content=b"\0" * 4),
    "objects": lambda f: f.blob(pickled()),
    "records": lambda f: f.header((1,), [("a", "<f4")], b"\0" * 4),
    "dates": lambda f: f.header((1,), "<M8[s]", b"\0" * 8),
    "a header that is a program": lambda f: f.header("__import__('os').getcwd()"),
    "a deep header": lambda f: f.header("(" * 900 + ")" * 900),
    "a zip of arrays": lambda f: f.blob(npz()),
    "a pickle": lambda f: f.blob(b"cos\nsystem\n(S'true'\ntR."),
    "text": lambda f: f.blob(b"hello"),
    "nothing": lambda f: f.blob(b""),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_none(forgery, name):
    digest = ARRAYS[name](forgery)
    forgery.event("array", name="x", kind="ndarray", shape=[1], dtype="f", digest=digest)
    folder = forgery.write()
    with pytest.raises(EvidenceError):
        Blobs(folder / "blobs").load(digest)
    check_held(folder)


def test_arrays_under_anothers_name(forgery):
    """The content of one array under the digest of another."""
    digest = forgery.keep(np.ones(8, np.float32))
    forgery.blob((forgery.folder / "blobs" / f"{digest}.npy").read_bytes(), "ab" * 16)
    with pytest.raises(EvidenceError, match="what its name says"):
        Blobs(forgery.folder / "blobs").load("ab" * 16)


def test_truth_values_count_once(forgery):
    """A byte of 255 in an array of truth values would weigh as much as 255 right answers."""
    forgery.header((4,), "|b1", b"\xff\x00\x02\x01")
    digest = forgery.keep(np.array([True, False, True, True]))
    raw = (forgery.folder / "blobs" / f"{'0' * 32}.npy").read_bytes()
    forgery.blob(raw, digest)
    assert Blobs(forgery.folder / "blobs").load(digest).sum() == 3


@pytest.mark.parametrize("digest", ["../../run", "..", "a" * 31, "A" * 32, "0" * 32 + "\n", "\0"])
def test_digests_are_no_paths(forgery, digest):
    assert not Blobs(forgery.folder / "blobs").has(digest)
    with pytest.raises(EvidenceError):
        Blobs(forgery.folder / "blobs").load(digest)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "missing", "device"])
def test_arrays_that_are_no_files(forgery, tmp_path, kind):
    path = forgery.folder / "blobs" / f"{'0' * 32}.npy"
    if kind == "link":
        np.save(tmp_path / "x.npy", np.ones(1))
        path.symlink_to(tmp_path / "x.npy")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    with pytest.raises(EvidenceError):
        Blobs(forgery.folder / "blobs").load("0" * 32)
    forgery.event("array", name="x", kind="a", shape=[1], dtype="f", digest="0" * 32)
    check_held(forgery.write(), damaged=kind != "missing")


def test_an_array_that_many_events_name_is_held_once(forgery):
    digest = forgery.keep(np.ones((1000, 100), np.float32))
    blobs = Blobs(forgery.folder / "blobs")
    assert blobs.load(digest) is not None
    first = blobs.load(digest)
    assert blobs.load(digest) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 2


# -- events ----------------------------------------------------------------------------------
GOOD = {"shape": [2, 2], "dtype": "f", "digest": "0" * 32}
ENTRY = {"name": "w", "uid": 1, "role": "parameter", "requires_grad": True, **GOOD}
EVENTS = {
    "a model of no kind": {"event": "model", "uid": 1, "kind": "nonsense", "class_name": "N"},
    "an infinite identity": '{"event": "model", "uid": Infinity, "kind": "module"}',
    "a name of no model": {"event": "model_name", "uid": [1], "name": "x"},
    "a negative shape": {"event": "state", "model": 1, "why": "x", "training": True,
                         "entries": [{**ENTRY, "shape": [-1]}]},
    "a huge shape": {"event": "state", "model": 1, "why": "x", "training": True,
                     "entries": [{**ENTRY, "shape": [2**60]}]},
    "a digest that is a path": {"event": "array", "name": "x", "kind": "a", **GOOD,
                                "digest": "../../../etc/passwd"},
    "an integer of 4000 digits": '{"event": "pass", "model": 1, "state": 1, "rows": [' + "9" * 4000
    + "]}",
    "a long name": {"event": "array", "name": "x" * 10**6, "kind": "a", **GOOD},
    "a lone surrogate": '{"event": "file", "path": "\\ud800", "size": "x"}',
    "an event of no text": {"event": ["state"], "a": 1, "model": {}} | {"event": "state"},
    "depth": "[" * 50_000 + "]" * 50_000,
    "shallow depth": '{"event": "numbers", "values": ' + '{"a":' * 200 + "1" + "}" * 201,
    "no json": "{]",
    "bytes": "\udcff\udcfe",
    "a list": "[1, 2]",
    "many lists": '{"event": "state", "x": [' + "[]," * 500_000 + "[]]}",
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_events_that_are_none(forgery, name):
    line = EVENTS[name]
    text = line if isinstance(line, str) else json.dumps(line)
    path = forgery.write() / "events.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogateescape") + b"\n" + b'{"event": "later"}\n')
    check_held(forgery.folder)


def test_a_line_that_is_cut_off_is_no_damage(forgery):
    forgery.write()
    (forgery.folder / "events.jsonl").write_text('{"event": "numbers", "val')
    assert read(forgery.folder).damage == ()


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_events_that_are_no_file(forgery, tmp_path, kind):
    path = forgery.folder / "events.jsonl"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    check_held(forgery.folder)


def test_millions_of_events_are_not_kept(forgery):
    line = b'{"event": "pass", "model": 1, "state": 1, "rows": [1]}\n'
    (forgery.folder / "events.jsonl").write_bytes(line * 400_000)
    check_held(forgery.folder)


def test_numbers_that_are_none_decide_nothing(forgery):
    """NaN and infinite losses, learning rates and gradients; steps without a network."""
    losses = forgery.keep(np.array([np.nan, np.inf, -np.inf, 1e308]))
    sample = {"uid": 1, "name": "w", "requires_grad": True, "in_optimizer": True}
    line = {
        "number": 1, "last_moment": 2**50, "backwards": 2**50, "steps": -5, "losses": losses,
        "rates": [[0, [float("nan"), float("inf")]]], "batch_rows": -1,
        "samples": [{"step": 1, "parameters": [{**sample, "gradient": float("nan")}]}],
        "reached": [{"uid": 1, "shape": [2], "start": "1" * 32, "end": "2" * 32}],
    }  # fmt: skip
    forgery.event("run", **line)
    forgery.event("run", **{**line, "number": 1})
    forgery.event("numbers", values={"accuracy": float("inf"), "f1": float("nan")})
    forgery.event("pass", model=1, state=1, rows=[-5, 2**50], outputs=losses, inputs=losses)
    verdicts, _noticed = marked(forgery.write())
    lost = {v.id for v in verdicts.values() if v.verdict is VerdictKind.MET}
    assert lost <= {"e3.own_loop_no_fit"}  # which asks for no more than steps


# -- graphs ----------------------------------------------------------------------------------
X, W = [0], [1]
GRAPHS = {
    "a circle": [call("T.view", [3], outs=(2,)), call("T.view", [2], outs=(3,))],
    "itself": [call("F.relu", [2], outs=(2,))],
    "a value made twice": [call("F.linear", X, W), call("F.linear", X, W)],
    "a leaf made again": [call("F.linear", X, W, outs=(1,))],
    "a value from nowhere": [call("F.linear", X, [77])],
    "too many nodes": [call("F.relu", X, outs=(n,)) for n in range(2, 25_000)],
    "depth": [call("F.relu", X, json.loads("[" * 100 + "]" * 100))],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_that_are_none(forgery, name):
    forgery.graph(GRAPHS[name])
    check_held(forgery.write())


def test_arrays_of_another_shape_than_the_graph_says(forgery):
    forgery.graph([call("F.linear", X, W)])
    event = json.loads(forgery.lines[0])
    event["values"]["1"]["shape"] = [2, 2000]
    forgery.lines = [json.dumps(event)]
    check_held(forgery.write())


def tup(*sizes):
    return {"tuple": list(sizes)}


HUGE = {
    "expand": [call("T.expand", [2], 10**6, 10**6, outs=(3,)),
               call("torch.add", [3], 1, outs=(4,))],
    "pad": [call("F.pad", [2], tup(0, 2 * 10**9), outs=(3,))],
    "outer": [call("T.reshape", [2], -1, outs=(3,)),
              call("torch.outer", [3], [3], outs=(4,)), call("T.reshape", [4], -1, outs=(5,)),
              call("torch.outer", [5], [5], outs=(6,)), call("T.reshape", [6], -1, outs=(7,)),
              call("torch.einsum", "i,j->ij", {"list": [{"t": 7}, {"t": 7}]}, outs=(8,))],
    "one_hot": [call("T.to", [2], {"dtype": "int64"}, outs=(3,)),
                call("F.one_hot", [3], 2 * 10**9, outs=(4,))],
    "pool": [call("T.view", [2], 1, 30, 2, outs=(3,)),
             call("F.adaptive_avg_pool2d", [3], tup(10**6, 10**6), outs=(4,))],
    "full": [call("torch.zeros_like", [2], outs=(3,)),
             call("T.expand", [3], 10**5, 30, 2, outs=(4,)),
             call("T.expand", [4], 10**5, 10**5, 30, 2, outs=(5,)),
             call("torch.zeros_like", [5], outs=(6,), device={"device": "cuda"})],
    "doubling": [call("torch.cat", {"list": [{"t": n}, {"t": n}]}, outs=(n + 1,))
                 for n in range(2, 60)],
    "diagonal": [call("T.reshape", [2], -1, outs=(3,)),
                 call("torch.cat", {"list": [{"t": 3}] * 5000}, outs=(4,)),
                 call("torch.diag", [4], outs=(5,))],
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_operations_of_terabytes_are_not_computed(forgery, name):
    forgery.graph([call("F.linear", X, W), *HUGE[name]])
    evidence = read(forgery.write())
    assert evidence.damage == ()
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    replay = Replay(Network(evidence.graphs[0]), Blobs(forgery.folder / "blobs"))
    with pytest.raises(ReplayError):
        replay.predict(np.ones((30, 2)))
    assert time.monotonic() - began < QUICK
    assert psutil.Process().memory_info().rss - before < 2**31


@pytest.mark.parametrize(
    "node",
    [
        call("torch.load", "/etc/passwd"),
        call("T.__reduce__", X),
        call("T.tofile", X, "/tmp/owned"),
        call("torch.hub.load", "a", "b"),
        call("os.system", "true"),
        call("T.__class__", X),
        call("F.__builtins__", X),
        call("T.numpy", X),
        call("T.map_", X, X),
        call("get:__dict__", X),
        call("T.resize_", X, 10**12),
        call("torch.from_file", "/etc/passwd", True, 10),
    ],
    ids=lambda node: node["op"],
)
def test_only_listed_operations_run(forgery, node):
    forgery.graph([{**node, "args": [{"t": 0}, *node["args"]][: len(node["args"]) + 1]}])
    evidence = read(forgery.write())
    with pytest.raises(ReplayError):
        Replay(Network(evidence.graphs[0]), Blobs(forgery.folder / "blobs")).predict(
            np.ones((3, 2))
        )


# -- what comes out of a run -----------------------------------------------------------------
def test_answers_planted_in_a_run_are_not_taken_out(tmp_path):
    """A kernel that knows the grader's sources writes the answers it would like to be remembered,
    a record of its own, and folders where the runner is going to write files.
    """
    submission = Submission(id="ana", root=tmp_path, notebooks=())
    criterion = CRITERIA[0]
    with workplace(submission, {}) as place:
        (place.out / "blobs").mkdir()
        met = Verdict(id=criterion.id, verdict=VerdictKind.MET)
        planted = Remembered(place.out, grader="g", language="es")
        planted.keep(verdicts={Remembered.key(criterion): met}, flags=())
        planted.save()
        assert list((place.out / "answers").iterdir())
        (place.out / "run.json").mkdir()
        (place.out / "executed.ipynb.part").mkdir()
        (place.out / "blobs" / "x").mkdir()
        (place.out / "blobs" / "evil.npy").write_bytes(b"x")
        (place.out / "files").symlink_to(tmp_path)
        (place.out / "events.jsonl").write_text("")
        take_evidence(place, tmp_path / "kept")
    taken = sorted(
        p.relative_to(tmp_path / "kept").as_posix() for p in (tmp_path / "kept").rglob("*")
    )
    assert taken == ["blobs", "events.jsonl"]
    assert Remembered(tmp_path / "kept", grader="g", language="es").answers == Answers()


def test_a_record_holds_any_text(tmp_path):
    """Lone surrogates in outputs, errors, names of packages: none may cost the run."""
    bad = "x\ud800\x00\x1b[0m"
    cell = CellRecord(
        index=0, notebook=bad, source=bad, executed=True,
        outputs=(Output(kind="stream", text=bad, html=bad),),
        error=CellError(name=bad, message=bad, traceback=bad),
    )  # fmt: skip
    record = RunRecord(
        ended="finished", cells=(cell,), environment={bad: bad}, detail=bad,
        notices=(Notice(kind=bad, detail=bad),),
    )  # fmt: skip
    assert RunRecord.model_validate_json(record.model_dump_json()) == record


def test_a_verdict_holds_any_text():
    said = Verdict(id="x", verdict=VerdictKind.MET, message="\x1b]0;x\x07\ud800\u202e")
    assert said.model_dump_json()
    assert "\x1b" not in said.message
    assert "U+202E" in said.message
    assert "\n" not in Flag(id="x", message="a\nMark: 10 / 10").message


# -- time ------------------------------------------------------------------------------------
def deaf() -> None:
    """An analysis that never ends and takes everything for a failure of its own."""
    while True:
        with contextlib.suppress(Exception):
            sum(range(10**6))


def test_understanding_takes_no_longer_than_allowed():
    patience = Patience(seconds=0.3)
    began = time.monotonic()
    with pytest.raises(TookTooLong), patience():
        deaf()
    with pytest.raises(TookTooLong), patience():  # nothing is left for the next question
        raise AssertionError
    assert time.monotonic() - began < QUICK


def test_understanding_takes_no_more_memory_than_allowed():
    with pytest.raises(MemoryError), Patience(memory=2**28)():
        np.ones(2**28)
    assert np.ones(2**20).sum() == 2**20


# -- anything --------------------------------------------------------------------------------
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
FIELDS = """event uid kind class_name name names model why training entries requires_grad shape
dtype digest value rows_kept role op args named outs scope nodes values leaves inputs outputs loss
calls number last_moment backwards steps losses rates samples rows arrays options result path size
reached cell moment""".split()
KINDS = "model model_name state graph run pass metric comparison array numbers file fault".split()
events = st.dictionaries(st.sampled_from(FIELDS), trees, max_size=12).flatmap(
    lambda fields: st.sampled_from(KINDS).map(lambda kind: {**fields, "event": kind})
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(events, max_size=4), st.binary(max_size=300))
def test_reading_any_evidence_raises_nothing_else(tmp_path_factory, lines, blob):
    forgery = Forgery(tmp_path_factory.mktemp("any") / "evidence")
    forgery.lines = [json.dumps(line) for line in lines]
    forgery.blob(blob)
    folder = forgery.write()
    evidence = read(folder)
    with contextlib.suppress(EvidenceError):
        Blobs(folder / "blobs").load("0" * 32)
    assert evidence.model_dump_json()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_mutated_graph_is_computed_or_refused(tmp_path_factory, data):
    forgery = Forgery(tmp_path_factory.mktemp("any") / "evidence")
    names = "F.linear F.pad T.view T.expand torch.cat T.__getitem__ T.split F.softmax T.t torch.sum"
    nodes = []
    for number in range(2, 2 + data.draw(st.integers(1, 5))):
        args = data.draw(st.lists(trees | st.integers(0, 6).map(lambda n: {"t": n}), max_size=3))
        op = data.draw(st.sampled_from(names.split()))
        nodes.append({"op": op, "args": args, "named": {}, "outs": [number], "scope": ""})
    forgery.graph(nodes)
    evidence = read(forgery.write())
    for graph in evidence.graphs:
        with contextlib.suppress(ReplayError):
            Replay(Network(graph), Blobs(forgery.folder / "blobs")).predict(np.ones((5, 2)))


def test_the_points_of_p3_are_not_for_empty_evidence(forgery):
    """Nothing recorded at all: nothing is met, whatever else is said."""
    verdicts, _noticed = marked(forgery.write())
    assert not any(v.verdict is VerdictKind.MET for v in verdicts.values())
    assert P3.max_mark > Decimal(0)

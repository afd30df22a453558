import json

import nbformat

from graders.evidence.run_record import CellError
from graders.runner.record import (
    CellRun,
    cell_records,
    plain,
    read_environment,
    read_notices,
)


def cell(source, outputs=()):
    new = nbformat.v4.new_code_cell(source, metadata={"corrige": {"notebook": "a.ipynb"}})
    new.outputs = list(outputs)
    return new


def test_terminal_codes_are_removed():
    assert plain("\x1b[0;31mrojo\x1b[0m \x1b]8;;http://x\x07y") == "rojo y"


def test_cells(tmp_path):
    book = nbformat.v4.new_notebook()
    output = nbformat.v4.new_output
    book.cells = [
        nbformat.v4.new_markdown_cell("x"),
        cell(
            "a",
            [
                output("stream", name="stdout", text="hola"),
                output("display_data", data={"image/png": "x", "text/plain": "<Figure>"}),
                output("error", ename="E", evalue="\x1b[31mno", traceback=["1", "2"]),
            ],
        ),
        cell("b", [output("stream", name="stdout", text="vieja")]),
    ]
    ran, skipped = cell_records(book, {1: CellRun(seconds=2.0, timed_out=True, truncated=True)})
    assert (ran.index, ran.executed, ran.seconds, ran.timed_out) == (1, True, 2.0, True)
    assert [o.kind for o in ran.outputs] == ["stream", "display", "error"]
    assert ran.outputs[1].picture
    assert ran.outputs[-1].truncated
    assert ran.error.message == "no"
    assert (skipped.executed, skipped.outputs) == (False, ())


def test_what_ended_the_run_is_the_cells_error():
    book = nbformat.v4.new_notebook()
    book.cells = [cell("a")]
    fatal = CellError(name="KernelDied", message="x")
    assert cell_records(book, {0: CellRun(fatal=fatal)})[0].error == fatal


def test_notices_of_a_process_that_cannot_be_trusted(tmp_path):
    path = tmp_path / "notices.jsonl"
    lines = [
        json.dumps({"kind": "pip", "detail": "x", "cell": 3}),
        json.dumps({"kind": "data", "detail": "y", "cell": None, "nth": 1}),
        "no es json",
        "[1]",
        '{"detail": "sin clase"}',
        json.dumps({"kind": "pip", "detail": "x" * 10_000, "cell": "3"}),
    ]
    path.write_text("\n".join(lines))
    found = read_notices(path, [2, 5, 7])
    assert [(n.kind, n.cell) for n in found] == [("pip", 3), ("data", 5), ("pip", None)]
    assert len(found[-1].detail) < 1000
    assert read_notices(tmp_path / "nada", []) == ()


def test_environment(tmp_path):
    path = tmp_path / "environment.json"
    path.write_text('{"python": "3.11", "torch": 2}')
    assert read_environment(path) == {"python": "3.11", "torch": "2"}
    path.write_text("[" * 100_000)
    assert read_environment(path) == {}

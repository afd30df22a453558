"""What do models compute? Their graphs: tapes of a call as a student would make it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from .models import Model, ModelBook
from .tape import Tape

SAMPLE_ROWS = 16
SAMPLE_IMAGES = 4  # of rows with three axes or more, which cost a network much more
KEPT_WHOLE = 4 * 2**20  # bytes of a value that a graph starts from and that is no model's
KEPT_ROWS = 256  # of a larger one
MAX_DEAD = 400


def sample_rows(shape: tuple[int, ...]) -> int:
    """How many rows of this input a network is drawn with."""
    return SAMPLE_ROWS if len(shape) < 4 else SAMPLE_IMAGES


def draw(book: ModelBook, model: Model, thing: Any, moment: int) -> bool:
    """Call the model as a student would, on rows it was given, and write the tape down.

    True when it answered.
    """
    framework = model.framework
    if framework is None or not framework.can_be_called(thing):
        return False
    for guessed, inputs in _inputs_for(book, model, thing):
        tape = framework.tensors.new_tape()
        error = ""
        out = None
        try:
            with contextlib.redirect_stdout(io.StringIO()), framework.evaluating(thing):
                book.drawing = tape
                book.learn_paths(framework, thing)
                with tape:
                    tape.inputs = [tape.value(t) for t in inputs]
                    out = framework.call(thing, inputs)
        except Exception as fault:
            error = f"{type(fault).__name__}: {fault}"[:500]
        finally:
            book.drawing = None
        if error and guessed:
            continue
        if not error:
            tape.outputs = [tape.value(t) for t in tape.tensors_in(out)]
        write_graph(
            book, tape, model=model, why="forward", moment=moment, error=error, guessed=guessed
        )
        return not error
    return False


def _inputs_for(
    book: ModelBook, model: Model, thing: Any
) -> Iterator[tuple[bool, tuple[Any, ...]]]:
    """Rows it was given, else rows another model was given, else noise of a likely width."""
    if model.sample is not None:
        yield False, model.sample
        return
    others = [
        m.sample
        for m in book.models.values()
        if m.sample is not None and m.tensors is model.tensors
    ]
    yield from ((True, sample) for sample in others[-4:][::-1])
    if model.framework is not None:
        yield from ((True, noise) for noise in model.framework.likely_inputs(thing))


def write_graph(
    book: ModelBook,
    tape: Tape,
    *,
    model: Model | None,
    why: str,
    moment: int,
    error: str = "",
    guessed: bool = False,
    loss: Any = None,
    run: int | None = None,
    calls: list[dict[str, Any]] | None = None,
    contents: dict[int, Any] | None = None,
) -> None:
    """Write what the tape's outputs (or its loss) rest on, with every leaf it starts from.

    `contents`: arrays of leaves whose tensors hold none, as those of a traced function."""
    ends = list(tape.outputs) + ([tape.value(loss)] if loss is not None else [])
    nodes, leaves = tape.needed_for(ends, tape.inputs)
    owners = book.owners()
    described = [
        _leaf(book, tape, value, owners.get(id(tape.tensors[value])), (contents or {}).get(value))
        for value in dict.fromkeys([*tape.inputs, *leaves])
    ]
    book.log.write(
        "graph",
        model=model.uid if model else None,
        cell=book.cells.current,
        moment=moment,
        why=why,
        run=run,
        error=error,
        guessed=guessed,
        nodes=[tape.nodes[i] for i in nodes],
        dead=[tape.nodes[i] for i in range(len(tape.nodes)) if i not in set(nodes)][:MAX_DEAD]
        if why == "forward"
        else [],
        values={str(v): tape.values[v] for i in nodes for v in tape.nodes[i]["outs"]}
        | {str(d["value"]): tape.values[d["value"]] for d in described},
        leaves=described,
        inputs=tape.inputs,
        outputs=tape.outputs,
        loss=tape.value(loss) if loss is not None else None,
        calls=calls or [],
    )


def _leaf(
    book: ModelBook,
    tape: Tape,
    value: int,
    owner: tuple[int, str, str] | None,
    array: Any,
) -> dict[str, Any]:
    tensor = tape.tensors[value]
    if array is None:
        tensors = book.tensors_of(tensor)
        array = tape.array_of(tensor) if tensors is None else tensors.to_numpy(tensor)
    if array.nbytes > KEPT_WHOLE and owner is None:
        array = array[:KEPT_ROWS]
    return {
        "value": value,
        "uid": book.tensor_uid(tensor),
        "role": "input" if value in tape.inputs else owner[2] if owner else "constant",
        "model": owner[0] if owner else None,
        "name": owner[1][:300] if owner else "",
        "digest": book.log.keep(array),
        "rows_kept": len(array) if array.ndim else 1,
    }

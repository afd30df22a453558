"""What were a model's weights, at a moment?"""

from __future__ import annotations

from typing import Any

from .answers import ask
from .frameworks.seam import Entry
from .graphs import draw
from .models import Model, ModelBook

MAX_STATE = 256 * 2**20  # bytes of weights; larger states are described by digests alone
MAX_SAVES = 8  # states of one model at which something was saved, in one cell


class State:
    """Weights at one moment: copies, written down only if they turn out to matter."""

    def __init__(self, model: Model, moment: int, cell: int, why: str) -> None:
        self.model = model
        self.moment = moment
        self.cell = cell
        self.why = why
        self.entries: list[tuple[Entry, int, Any]] = []  # entry, its tensor's uid, values
        self.training = False
        self.written = False


def copy_state(book: ModelBook, model: Model, why: str) -> State:
    """Copies of all weights now. Cheap for course-size networks; nothing is written yet."""
    state = State(model, book.cells.tick(), book.cells.current, why)
    thing = model.thing()
    if model.framework is not None and thing is not None:
        state.training = model.framework.in_training(thing)
    state.entries = [
        (entry, book.tensor_uid(entry.tensor), model.tensors.copied(entry.tensor))
        for entry in book.entries(model)
    ]
    return state


def write_state(book: ModelBook, state: State) -> None:
    """Write a copied state down, once."""
    if state.written:
        return
    state.written = True
    rows = []
    for entry, uid, copied in state.entries:
        if copied is None:
            continue
        array = state.model.tensors.to_numpy(copied)
        rows.append(
            {
                "name": entry.name[:300],
                "uid": uid,
                "role": entry.role,
                "requires_grad": bool(entry.learns),
                "shape": list(array.shape),
                "dtype": str(array.dtype),
                "digest": book.log.keep(array),
            }
        )
    book.log.write(
        "state",
        model=state.model.uid,
        moment=state.moment,
        cell=state.cell,
        why=state.why,
        training=state.training,
        entries=rows,
    )


def saved(book: ModelBook) -> None:
    """Something is being written to a file: which weights might it be?"""
    for model, _thing in book.living():
        state = copy_state(book, model, "save")
        if model.saves < MAX_SAVES:
            model.saves += 1
            model.saved.append(state)
        else:
            model.saved[-1] = state


def cell_ended(book: ModelBook) -> None:
    """Write the states that changed in this cell, and the graphs of what they compute."""
    book.forget_paths()
    for model, thing in book.living():
        for state in model.saved:
            write_state(book, state)
        model.saved, model.saves = [], 0
        state = copy_state(book, model, "cell_end")
        if not state.entries:
            continue
        copies = [copied for _entry, _uid, copied in state.entries if copied is not None]
        if sum(map(model.tensors.nbytes, copies)) > MAX_STATE:
            continue
        identity = tuple(
            (entry.name, uid, entry.learns, model.tensors.print_of(copied))
            for entry, uid, copied in state.entries
        )
        if identity == model.last_state and (model.drawn or model.sample is None):
            continue
        model.last_state = identity
        write_state(book, state)
        if model.framework is not None:
            # A network drawn on a guess is drawn again once it was given rows.
            model.drawn = draw(book, model, thing, state.moment) and model.sample is not None
            if model.drawn:
                ask(book, model, thing, state.moment)
    book.forget_dead()

"""Who has gradients, who may move, in which mode? One look at a run, just before a step."""

from __future__ import annotations

from collections.abc import Callable
from secrets import randbelow
from typing import Any

from .models import Model, ModelBook
from .runs import Run

MAX_DIGESTED = 8 * 2**20  # bytes of weights whose content is noted at one look


def sample(
    book: ModelBook,
    run: Run,
    gradient_of: Callable[[Any], float | None],
    norms: dict[str, bool] | None = None,
) -> None:
    """Note the parameters of the run's model, and those that its optimizer moves, with the place
    of their group, and so of their rate, among the optimizer's. `norms`: which layers normalised
    by the batch, by path, where that is known better than from their mode."""
    groups = run.optimizer.groups() if run.optimizer is not None else []
    group_of = {id(tensor): i for i, group in enumerate(groups) for tensor in group}
    tensors: dict[int, tuple[str, Any, bool, bool]] = {}
    learns = run.tensors.learns
    if run.model is not None:
        for entry in book.entries(run.model):
            if entry.role == "parameter":
                tensors[id(entry.tensor)] = (entry.name, entry.tensor, entry.learns, False)
    for tensor in (tensor for group in groups for tensor in group):
        name, _, may_learn, _ = tensors.get(id(tensor), ("", None, learns(tensor), False))
        tensors[id(tensor)] = (name, tensor, may_learn, True)
    digests = _digests(book, run, [(tensor, able) for _n, tensor, able, _s in tensors.values()])
    rows = [
        {
            "uid": book.tensor_uid(tensor),
            "name": name[:300],
            "requires_grad": bool(able),
            "in_optimizer": in_optimizer,
            "group": group_of[id(tensor)] if in_optimizer else None,
            "gradient": gradient_of(tensor),
            "digest": digests.get(id(tensor)),
        }
        for name, tensor, able, in_optimizer in tensors.values()
    ]
    thing = run.model.thing() if run.model is not None else None
    training = True
    if thing is not None and run.model is not None and run.model.framework is not None:
        framework = run.model.framework
        training = framework.in_training(thing)
        norms = norms_of(run.model) if norms is None else norms
    run.samples.append(
        {
            "step": run.steps,
            "parameters": rows,
            "training": training,
            "norms_training": norms or {},
        }
    )


def norms_of(model: Model) -> dict[str, bool]:
    """The mode of each of its normalisation layers, by path."""
    framework, thing = model.framework, model.thing()
    if framework is None or thing is None:
        return {}
    return {
        path[:300]: framework.in_training(part)
        for path, part in framework.parts(thing)
        if "Norm" in type(part).__name__
    }


def _digests(book: ModelBook, run: Run, tensors: list[tuple[Any, bool]]) -> dict[int, str]:
    """Contents by identity: of all, or of some drawn by lot when they are large. Those that
    should stay as they are, having no gradients, are kept whole when they did not."""
    room, found = MAX_DIGESTED, {}
    nbytes, to_numpy = run.tensors.nbytes, run.tensors.to_numpy
    whole = sum(nbytes(tensor) for tensor, _learns in tensors) <= room
    first = 0 if whole else randbelow(len(tensors))
    for tensor, learns in tensors[first:] + tensors[:first]:
        if nbytes(tensor) <= room:
            room -= nbytes(tensor)
            note = book.log.digest if learns else book.log.keep
            found[id(tensor)] = note(to_numpy(tensor))
    return found

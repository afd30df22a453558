"""Which models exist, what are their weights, what do they compute?

A model is a `torch.nn.Module`, or a collection of tensors (a dict or list of weights) that a
notebook written in functional style keeps in a variable.
"""

from __future__ import annotations

import contextlib
import io
import weakref
from collections.abc import Iterator
from typing import Any

from .cells import Cells
from .log import EventLog

SAMPLE_ROWS = 16
MAX_MODELS = 200
MAX_STATE = 256 * 2**20  # bytes of weights; larger states are described by digests alone


class Model:
    """What the probe remembers of one model."""

    def __init__(self, uid: int, thing: Any, kind: str) -> None:
        self.uid = uid
        self.kind = kind  # "module" or "collection"
        self.names: list[str] = []
        self.class_name = type(thing).__name__
        self.sample: tuple[Any, ...] | None = None  # tensors of a few rows it was really given
        self.last_state: tuple[Any, ...] | None = None
        self.drawn = False  # its graph was drawn in its last state
        self.saves = 0
        self.saved: list[State] = []  # states at which something was saved in this cell
        self._thing = thing if kind == "collection" else weakref.ref(thing)

    def thing(self) -> Any:
        return self._thing if self.kind == "collection" else self._thing()


class State:
    """Weights at one moment: copies, written down only if they turn out to matter."""

    def __init__(self, model: Model, moment: int, cell: int, why: str) -> None:
        self.model = model
        self.moment = moment
        self.cell = cell
        self.why = why
        self.entries: list[tuple[str, int, str, bool, Any]] = []
        self.training = False
        self.written = False


class ModelBook:
    """Meets models, copies their states, and draws their graphs."""

    def __init__(
        self, torch: Any, log: EventLog, cells: Cells, new_tape: Any, operations: Any
    ) -> None:
        self.torch = torch
        self.log = log
        self.cells = cells
        self.new_tape = new_tape
        self.operations = operations
        self.models: dict[int, Model] = {}  # by id of the living object
        self._tensors: dict[int, tuple[Any, int]] = {}  # id -> (weak reference, uid)
        self._next_tensor = 0
        self._next_model = 0
        self.ask: Any = None  # called for each model that was drawn
        self.drawing: Any = None  # the tape of a call that the probe itself makes
        self._paths: dict[int, str] = {}

    # -- identity --------------------------------------------------------------------------
    def tensor_uid(self, tensor: Any) -> int:
        """A number that stays with this tensor object for life."""
        known = self._tensors.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return known[1]
        self._next_tensor += 1
        self._tensors[id(tensor)] = (weakref.ref(tensor), self._next_tensor)
        return self._next_tensor

    def meet(self, thing: Any, name: str = "") -> Model | None:
        """The record of this model, made at first sight; None once there are too many."""
        model = self.models.get(id(thing))
        if model is None or model.thing() is not thing:
            if len(self.models) >= MAX_MODELS:
                self._forget_dead()
                if len(self.models) >= MAX_MODELS:
                    return None
            kind = "module" if isinstance(thing, self.torch.nn.Module) else "collection"
            self._next_model += 1
            model = self.models[id(thing)] = Model(self._next_model, thing, kind)
            self.log.write(
                "model",
                uid=model.uid,
                kind=kind,
                class_name=model.class_name,
                cell=self.cells.current,
                moment=self.cells.tick(),
            )
        if name and name not in model.names:
            model.names.append(name)
            self.log.write("model_name", uid=model.uid, name=name[:200], cell=self.cells.current)
        return model

    def _forget_dead(self) -> None:
        self.models = {k: m for k, m in self.models.items() if m.thing() is not None}

    def living(self) -> Iterator[tuple[Model, Any]]:
        for model in list(self.models.values()):
            thing = model.thing()
            if thing is not None:
                yield model, thing

    def has_parameters(self, module: Any) -> bool:
        return next(iter(module.parameters()), None) is not None

    def entries(self, model: Model) -> list[tuple[str, str, Any]]:
        """(name, "parameter" or "buffer", tensor) of a model, in its own order."""
        thing = model.thing()
        if thing is None:
            return []
        if model.kind == "module":
            found = [(n, "parameter", p) for n, p in thing.named_parameters()]
            return found + [(n, "buffer", b) for n, b in thing.named_buffers()]
        return [(n, "parameter", t) for n, t in tensors_of(self.torch, thing)]

    # -- states ----------------------------------------------------------------------------
    def copy_state(self, model: Model, why: str) -> State:
        """Copies of all weights now. Cheap for course-size networks; nothing is written yet."""
        state = State(model, self.cells.tick(), self.cells.current, why)
        thing = model.thing()
        state.training = bool(getattr(thing, "training", False))
        with self.torch.no_grad():
            for name, role, tensor in self.entries(model):
                copied = tensor.detach().clone() if _is_plain(tensor) else None
                state.entries.append(
                    (name, self.tensor_uid(tensor), role, bool(tensor.requires_grad), copied)
                )
        return state

    def write_state(self, state: State) -> tuple[Any, ...]:
        """Write a copied state down; returns what identifies its content."""
        rows = []
        for name, uid, role, requires_grad, copied in state.entries:
            if copied is None:
                continue
            array = to_numpy(copied)
            rows.append(
                {
                    "name": name[:300],
                    "uid": uid,
                    "role": role,
                    "requires_grad": requires_grad,
                    "shape": list(copied.shape),
                    "dtype": str(array.dtype),
                    "digest": self.log.keep(array),
                }
            )
        content = tuple((r["name"], r["uid"], r["digest"], r["requires_grad"]) for r in rows)
        if not state.written:
            state.written = True
            self.log.write(
                "state",
                model=state.model.uid,
                moment=state.moment,
                cell=state.cell,
                why=state.why,
                training=state.training,
                entries=rows,
            )
        return content

    def cell_ended(self) -> None:
        """Write the states that changed in this cell, and the graphs of what they compute."""
        self._paths.clear()
        for model, thing in self.living():
            for saved in model.saved:
                self.write_state(saved)
            model.saved, model.saves = [], 0
            state = self.copy_state(model, "cell_end")
            if not state.entries:
                continue
            if sum(e[4].nbytes for e in state.entries if e[4] is not None) > MAX_STATE:
                continue
            identity = tuple((e[0], e[1], e[3], _print_of(e[4])) for e in state.entries)
            if identity == model.last_state and (model.drawn or model.sample is None):
                continue
            model.last_state = identity
            self.write_state(state)
            if model.kind == "module":
                model.drawn = self.draw(model, thing, state.moment)
                if model.drawn and self.ask is not None:
                    self.ask(self, model, thing, state.moment)
        self._forget_dead()

    # -- graphs ----------------------------------------------------------------------------
    def draw(self, model: Model, module: Any, moment: int) -> bool:
        """Call the module as a student would, on rows it was given, and write the tape down.

        True when it answered.
        """
        torch = self.torch
        if type(module).forward is torch.nn.Module.forward:
            return False  # a container of weights: nothing to call
        for guessed, inputs in self._inputs_for(model, module):
            tape = self.new_tape(self.operations)
            modes = [(m, m.training) for m in module.modules()]
            error = ""
            out = None
            try:
                with randomness_kept(torch), contextlib.redirect_stdout(io.StringIO()):
                    module.eval()
                    self.drawing = tape
                    self._paths.update((id(m), path) for path, m in module.named_modules())
                    with torch.no_grad(), tape:
                        tape.inputs = [tape.value(t) for t in inputs]
                        out = module(*inputs)
            except Exception as fault:
                error = f"{type(fault).__name__}: {fault}"[:500]
            finally:
                self.drawing = None
                for submodule, training in modes:
                    submodule.training = training
            if error and guessed:
                continue
            if not error:
                tape.outputs = [
                    tape.value(t) for t in tape.flatten(out) if isinstance(t, torch.Tensor)
                ]
            self.write_graph(
                tape, model=model, why="forward", moment=moment, error=error, guessed=guessed
            )
            return not error
        return False

    def _inputs_for(self, model: Model, module: Any) -> Iterator[tuple[bool, tuple[Any, ...]]]:
        """Rows it was given, else rows another model was given, else noise of a likely width."""
        if model.sample is not None:
            yield False, model.sample
            return
        others = [m.sample for m in self.models.values() if m.sample is not None]
        yield from ((True, sample) for sample in others[-4:][::-1])
        generator = self.torch.Generator().manual_seed(0)
        matrices = [p for p in module.parameters() if p.ndim == 2][:8]
        for width in dict.fromkeys(w for p in matrices for w in (p.shape[1], p.shape[0])):
            noise = self.torch.randn(8, width, generator=generator)
            yield True, (noise.to(matrices[0].device),)

    def path_of(self, module: Any) -> str:
        """Path of a submodule in the model it was last seen in, else its class."""
        path = self._paths.get(id(module))
        if path is None:
            for _model, thing in self.living():
                if isinstance(thing, self.torch.nn.Module):
                    self._paths.update((id(m), p) for p, m in thing.named_modules())
            path = self._paths.setdefault(id(module), type(module).__name__)
        return path

    def write_graph(
        self,
        tape: Any,
        *,
        model: Model | None,
        why: str,
        moment: int,
        error: str = "",
        guessed: bool = False,
        loss: Any = None,
        run: int | None = None,
        calls: list[dict[str, Any]] | None = None,
    ) -> None:
        """Write what the tape's outputs (or its loss) rest on, with every leaf it starts from."""
        ends = list(tape.outputs) + ([tape.value(loss)] if loss is not None else [])
        nodes, leaves = tape.needed_for(ends, tape.inputs)
        owners = self._owners()
        described = []
        for value in dict.fromkeys([*tape.inputs, *leaves]):
            tensor = tape.tensors[value]
            owner = owners.get(id(tensor))
            array = to_numpy(tensor)
            if array.nbytes > 4 * 2**20 and owner is None:
                array = array[:256]
            described.append(
                {
                    "value": value,
                    "uid": self.tensor_uid(tensor),
                    "role": "input" if value in tape.inputs else owner[2] if owner else "constant",
                    "model": owner[0] if owner else None,
                    "name": owner[1][:300] if owner else "",
                    "digest": self.log.keep(array),
                    "rows_kept": len(array) if array.ndim else 1,
                }
            )
        self.log.write(
            "graph",
            model=model.uid if model else None,
            cell=self.cells.current,
            moment=moment,
            why=why,
            run=run,
            error=error,
            guessed=guessed,
            nodes=[tape.nodes[i] for i in nodes],
            dead=[tape.nodes[i] for i in range(len(tape.nodes)) if i not in set(nodes)][:400]
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

    def _owners(self) -> dict[int, tuple[int, str, str]]:
        owners: dict[int, tuple[int, str, str]] = {}
        for model, _thing in self.living():
            for name, role, tensor in self.entries(model):
                owners.setdefault(id(tensor), (model.uid, name, role))
        return owners


def tensors_of(
    torch: Any, thing: Any, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Floating tensors in a dict, list or tuple, with a path for a name (at most 500)."""
    if isinstance(thing, torch.Tensor):
        if thing.is_floating_point() and thing.ndim <= 4:
            yield prefix, thing
        return
    if depth > 2:
        return
    if isinstance(thing, dict):
        items = list(thing.items())[:500]
    elif isinstance(thing, (list, tuple)):
        items = list(enumerate(thing))[:500]
    else:
        return
    for key, value in items:
        yield from tensors_of(torch, value, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def to_numpy(tensor: Any) -> Any:
    """A plain array of a tensor's values, on the CPU; half precisions become float32."""
    plain = tensor.detach()
    if not _is_plain(plain):
        plain = plain.to_dense() if plain.is_sparse else plain.dequantize()
    if str(plain.dtype) in ("torch.bfloat16", "torch.float16"):
        plain = plain.float()
    return plain.cpu().resolve_conj().resolve_neg().numpy()


def _is_plain(tensor: Any) -> bool:
    return str(tensor.layout) == "torch.strided" and not tensor.is_quantized and not tensor.is_meta


def _print_of(tensor: Any) -> Any:
    if tensor is None:
        return None
    return hash(to_numpy(tensor).tobytes())


@contextlib.contextmanager
def randomness_kept(torch: Any) -> Iterator[None]:
    """Leaves the student's random numbers as they would have been without us."""
    import random

    import numpy as np

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])

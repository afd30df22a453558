"""Which models exist, and which tensors are they made of?

A model is a module or a layer of a framework, or a collection of tensors (a dict or list of
weights) that a notebook written in functional style keeps in a variable.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .cells import Cells
from .frameworks.seam import Entry, Framework, Tensors
from .log import EventLog

if TYPE_CHECKING:
    from .states import State

MAX_MODELS = 200


class Model:
    """What the probe remembers of one model."""

    def __init__(self, uid: int, thing: Any, framework: Framework | None, home: Framework) -> None:
        self.uid = uid
        self.framework = framework  # None for a collection of tensors
        self.tensors: Tensors = (framework or home).tensors
        self.names: list[str] = []
        self.class_name = type(thing).__name__
        self.sample: tuple[Any, ...] | None = None  # tensors of a few rows it was really given
        self.last_state: tuple[Any, ...] | None = None
        self.drawn = False  # its graph was drawn in its last state
        self.saves = 0
        self.saved: list[State] = []  # states at which something was saved in this cell
        self._thing = thing if framework is None else weakref.ref(thing)

    @property
    def kind(self) -> str:
        return "collection" if self.framework is None else "module"

    def thing(self) -> Any:
        return self._thing if self.framework is None else self._thing()


class ModelBook:
    """Meets models and tensors and gives them numbers that stay."""

    def __init__(self, log: EventLog, cells: Cells, *frameworks: Framework) -> None:
        self.log = log
        self.cells = cells
        self.frameworks: list[Framework] = list(frameworks)  # the first that knows a thing has it
        self.models: dict[int, Model] = {}  # by id of the living object
        self.drawing: Any = None  # the tape of a call that the probe itself makes
        self._tensors: dict[int, tuple[Any, int]] = {}  # id -> (weak reference, uid)
        self._next_tensor = 0
        self._next_model = 0
        self._runs = 0
        self._paths: dict[int, str] = {}

    # -- frameworks ------------------------------------------------------------------------
    def framework_of(self, thing: Any) -> Framework | None:
        """Whose model this is; None when it is nobody's."""
        return next((f for f in self.frameworks if f.is_model(thing)), None)

    def tensors_of(self, thing: Any) -> Tensors | None:
        """Whose tensor this is; None when it is none."""
        return next((f.tensors for f in self.frameworks if f.tensors.is_tensor(thing)), None)

    # -- identity --------------------------------------------------------------------------
    def tensor_uid(self, tensor: Any) -> int:
        """A number that stays with this tensor object for life."""
        known = self._tensors.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return known[1]
        self._next_tensor += 1
        self._tensors[id(tensor)] = (weakref.ref(tensor), self._next_tensor)
        return self._next_tensor

    def next_run(self) -> int:
        """A number for a training run, whichever framework makes it."""
        self._runs += 1
        return self._runs

    def known(self, thing: Any) -> Model | None:
        """The record of a model that was met before."""
        model = self.models.get(id(thing))
        return model if model is not None and model.thing() is thing else None

    def meet(self, thing: Any, name: str = "") -> Model | None:
        """The record of this model, made at first sight; None once there are too many."""
        model = self.known(thing)
        if model is None:
            if len(self.models) >= MAX_MODELS:
                self.forget_dead()
                if len(self.models) >= MAX_MODELS:
                    return None
            framework = self.framework_of(thing)
            home = framework or self._home(thing)
            self._next_model += 1
            model = self.models[id(thing)] = Model(self._next_model, thing, framework, home)
            self.log.write(
                "model",
                uid=model.uid,
                kind=model.kind,
                framework=home.name,
                class_name=model.class_name,
                cell=self.cells.current,
                moment=self.cells.tick(),
            )
        if name and name not in model.names:
            model.names.append(name)
            self.log.write("model_name", uid=model.uid, name=name[:200], cell=self.cells.current)
        return model

    def _home(self, collection: Any) -> Framework:
        """The framework whose tensors a collection holds."""
        for framework in reversed(self.frameworks):
            if next(weights_in(framework.tensors, collection), None) is not None:
                return framework
        return self.frameworks[-1]

    def forget_dead(self) -> None:
        self.models = {k: m for k, m in self.models.items() if m.thing() is not None}

    def living(self) -> Iterator[tuple[Model, Any]]:
        for model in list(self.models.values()):
            thing = model.thing()
            if thing is not None:
                yield model, thing

    # -- what models are made of -----------------------------------------------------------
    def entries(self, model: Model) -> list[Entry]:
        """The tensors of a model, in its own order."""
        thing = model.thing()
        if thing is None:
            return []
        if model.framework is not None:
            return model.framework.entries(thing)
        learns = model.tensors.learns
        return [Entry(n, "parameter", t, learns(t)) for n, t in weights_in(model.tensors, thing)]

    def owners(self) -> dict[int, tuple[int, str, str]]:
        """(model's uid, name, role) by id of each tensor of a living model; the first one met."""
        owners: dict[int, tuple[int, str, str]] = {}
        for model, _thing in self.living():
            for entry in self.entries(model):
                owners.setdefault(id(entry.tensor), (model.uid, entry.name, entry.role))
        return owners

    # -- paths -----------------------------------------------------------------------------
    def path_of(self, part: Any) -> str:
        """Path of a part in the model it was last seen in, else its class."""
        path = self._paths.get(id(part))
        if path is None:
            for model, thing in self.living():
                if model.framework is not None:
                    self.learn_paths(model.framework, thing)
            path = self._paths.setdefault(id(part), type(part).__name__)
        return path

    def learn_paths(self, framework: Framework, thing: Any) -> None:
        """Parts of this model are now called as they are in it."""
        self._paths.update((id(part), path) for path, part in framework.parts(thing))

    def forget_paths(self) -> None:
        self._paths.clear()


def weights_in(
    tensors: Tensors, thing: Any, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Floating tensors in a dict, list or tuple, with a path for a name (at most 500)."""
    if tensors.is_tensor(thing):
        if tensors.is_weight(thing):
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
        yield from weights_in(tensors, value, f"{prefix}.{key}" if prefix else str(key), depth + 1)

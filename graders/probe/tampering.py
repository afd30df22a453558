"""Were the functions that facts rest on replaced? Private references, compared after each cell.

Libraries replace functions too (torch's compiler does, and so do we); only what comes from the
notebook, or from no file at all, is written down.
"""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any

from .cells import Cells
from .log import EventLog

# What is watched: a module or a class of it, and its functions. What notebooks replace with good
# reason (torch.load, plt.show, print in a variable of their own) is not among them.
BUILTINS = (
    "print open exec eval compile __import__ isinstance len sum abs max min round float int "
    "getattr setattr hasattr id hash type sorted zip range enumerate any all"
)
TORCH = {
    "": "allclose equal isclose save sigmoid matmul no_grad is_grad_enabled",
    "Tensor": "backward detach item numpy cpu tolist allclose equal",
    "autograd": "backward grad",
    "nn.Module": (
        "__call__ parameters named_parameters buffers modules named_modules state_dict train eval"
    ),
    "nn.Linear": "forward",
    "nn.Sequential": "forward",
    "nn.functional": (
        "linear relu gelu silu sigmoid softmax cross_entropy binary_cross_entropy mse_loss "
        "binary_cross_entropy_with_logits dropout batch_norm layer_norm"
    ),
    "optim.SGD": "step",
    "optim.Adam": "step",
    "optim.AdamW": "step",
    "optim.RMSprop": "step",
    "utils.data.DataLoader": "__iter__",
}
KERAS = {
    "layers.Layer": "__call__",
    "Model": "fit evaluate predict train_on_batch test_on_batch predict_on_batch save_weights",
    "layers.Conv2D": "call",
    "layers.Dense": "call",
    "layers.BatchNormalization": "call",
    "optimizers.Optimizer": "apply apply_gradients",
}
METRICS = (
    "accuracy_score balanced_accuracy_score f1_score precision_score recall_score "
    "confusion_matrix classification_report roc_auc_score"
)
NUMPY = "allclose array_equal isclose mean argmax"
SHELL = "run_cell run_cell_async run_code transform_cell displayhook display_pub ast_transformers"
LIBRARIES = ("site-packages", "dist-packages", "lib/python", "corrige_probe")
_ABSENT = object()


class Tampering:
    """Keeps references to functions and says which of them were replaced, once each."""

    def __init__(self, log: EventLog, cells: Cells) -> None:
        self._log, self._cells = log, cells
        self._kept: list[tuple[str, Any, str, Any]] = []
        self._registries: list[tuple[str, Any, Any]] = []
        self._told: set[str] = set()
        self._vars, self._type = vars, type
        self._keep("builtins", builtins, BUILTINS)

    def shell(self, shell: Any) -> None:
        """IPython's own ways of running and showing."""
        self._keep("ipython", shell, SHELL)
        self._keep("ipython", type(shell), SHELL)
        for name, callbacks in shell.events.callbacks.items():
            for callback in callbacks:
                self._registries.append((f"ipython.events.{name}", callbacks, callback))
        self._transformers = list(shell.ast_transformers)
        self._shell = shell

    def ourselves(self) -> None:
        """The probe's own modules and classes."""
        package = __name__.rpartition(".")[0]
        for name, module in list(sys.modules.items()):
            if name == package or name.startswith(package + "."):
                for attribute, thing in list(vars(module).items()):
                    if isinstance(thing, types.FunctionType):
                        self._kept.append((f"probe.{attribute}", module, attribute, thing))
                    if isinstance(thing, type) and thing.__module__ == name:
                        methods = [k for k, v in vars(thing).items() if callable(v)]
                        self._keep(f"probe.{attribute}", thing, " ".join(methods))

    def torch(self, torch: Any) -> None:
        for path, names in TORCH.items():
            owner = torch
            for part in filter(None, path.split(".")):
                owner = getattr(owner, part, None)
            if owner is not None:
                self._keep("torch" + ("." + path if path else ""), owner, names)
        steps = sys.modules.get("torch.optim.optimizer")
        for kind in ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks"):
            hooks = getattr(steps, kind, {})
            for number in list(hooks):
                self._registries.append((f"torch.optim.{kind}", hooks, number))

    def keras(self, keras: Any) -> None:
        """What networks, training and evaluation rest on, in each class that has a part of it."""
        for path, names in KERAS.items():
            owner = keras
            for part in path.split("."):
                owner = getattr(owner, part, None)
            for home in getattr(owner, "__mro__", ()):
                if home is owner or home.__module__.startswith("keras."):
                    self._keep(f"keras.{path}", home, names)
        tape = getattr(sys.modules.get("tensorflow"), "GradientTape", None)
        if tape is not None:
            self._keep("tensorflow.GradientTape", tape, "gradient __enter__ __exit__")

    def metrics(self, module: Any) -> None:
        self._keep("sklearn.metrics", module, METRICS)

    def numpy(self, module: Any) -> None:
        self._keep("numpy", module, NUMPY)

    def cell_ended(self) -> None:
        """Write down what is no longer what it was."""
        for position, (label, owner, name, kept) in enumerate(self._kept):
            now = self._vars(owner).get(name, _ABSENT)
            if now is not kept:
                self._kept[position] = (label, owner, name, now)
                if _is_theirs(now):
                    self._tell(f"{label}.{name}")
        for label, registry, entry in self._registries:
            if entry not in registry:
                self._tell(label)
        shell = getattr(self, "_shell", None)
        if shell is not None:
            known = {id(t) for t in self._transformers}
            if any(id(t) not in known and _is_theirs(t) for t in shell.ast_transformers):
                self._tell("ipython.ast_transformers")

    def _keep(self, label: str, owner: Any, names: str) -> None:
        held = vars(owner)
        for name in names.split():
            self._kept.append((label, owner, name, held.get(name, _ABSENT)))

    def _tell(self, name: str) -> None:
        if name not in self._told:
            self._told.add(name)
            self._log.write(
                "tampered", name=name, cell=self._cells.current, moment=self._cells.tick()
            )


def _is_theirs(thing: Any) -> bool:
    """True when a function, or the class of another object, does not come from a library."""
    if thing is _ABSENT:
        return True
    thing = getattr(thing, "__func__", thing)
    while hasattr(thing, "func"):  # functools.partial
        thing = thing.func
    code = getattr(thing, "__code__", None)
    if code is not None:
        # Wrapped by a decorator of a library around a function of the notebook's, or the reverse.
        return not any(part in code.co_filename for part in LIBRARIES)
    home = thing if isinstance(thing, type) else type(thing)
    module = sys.modules.get(home.__module__)
    if home.__module__ == "builtins":
        return True  # a list, None, a number, a method of another object
    place = getattr(module, "__file__", None) or ""
    return not any(part in place for part in LIBRARIES)

"""Whose loop makes an optimizer's steps: the notebook's, or a library's `fit`?

The loop is the innermost function that was already running at the step before: what is called anew
for each batch (a `train_step`, an optimizer's own `step`, a closure) only does what the loop asks.
Frames that were seen are marked, which costs less than keeping them (and what they hold) alive.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

# Libraries that a loop may pass through without giving up the loop: torch's own stepping,
# schedulers, mixed precision, TensorFlow's compiled functions, progress bars.
NEUTRAL = ("torch", "tensorflow", "accelerate", "tqdm", "IPython", "ipykernel")
OWN, PASSED = "", "-"  # the notebook's code; code that neither loops nor counts
CELL_MARKS = ("ipykernel_", "<ipython-input", "<cell")
WRAPPERS = ("wrapper", "inner", "wrapped", "error_handler", "__call__")
# What Keras does for one step, whoever asks for it: an optimizer's methods, a model's `train_step`
# and the function that it is compiled to.
KERAS_STEPS = (
    "apply apply_gradients minimize update_step train_step function "
    "one_step_on_data one_step_on_iterator multi_step_on_iterator"
).split()
END = ("run_code", "run_ast_nodes")  # IPython's own functions, outside of every cell


def _mark(frame: FrameType, event: str, arg: Any) -> Any:
    """Stands in a frame as its trace function: called by nobody unless a debugger is started."""
    return _mark


class Drivers:
    """Counts steps by the loop behind them."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        self._open = False  # the last step was made by code of the notebook's inside a library

    def count(self, counts: dict[str, int]) -> None:
        """Add the step that is being made: to a library's function, or to "" for the notebook.

        The first step of a function of the notebook's that a library called may be the first of
        a loop in it (a search over settings) or all of it (a `train_step`): the next one tells.
        """
        first = not counts and not self._open
        driver, sure = self._of_step(first)
        if self._open and counts is self._last:
            counts[driver] = counts.get(driver, 0) + 1
        self._open, self._last = not sure, counts
        if sure:
            counts[driver] = counts.get(driver, 0) + 1

    def _of_step(self, first: bool) -> tuple[str, bool]:
        """(who loops, whether it is certain) for the step whose frames stand on the stack.

        `first`: no step came before it in its run, so that nothing tells yet who loops.
        """
        traced = sys.gettrace() is not None  # a debugger's own trace functions stay as they are
        unmarked = first or traced
        loop: str | None = None
        made_by = ""  # the library function that the step was asked of, if not the notebook's
        own_seen = certain = False
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_name
            owner = self._owner(frame)
            if owner == PASSED and name in END:
                break
            if owner == "keras" and name in KERAS_STEPS and not certain:
                # Whatever ran within it only did what this step asks for.
                loop, made_by, own_seen = None, "", False
            elif owner != PASSED and loop is None:
                certain = frame.f_trace is _mark
                step_only = owner != OWN and _only_steps(name)
                if certain or (unmarked and not step_only):
                    loop = owner and f"{owner}.{name}"
                elif owner == OWN:
                    own_seen = True
                elif not step_only and not own_seen:
                    made_by = f"{owner}.{name}"
            if not traced and frame.f_trace is None:
                frame.f_trace = _mark
            frame = frame.f_back
        return loop or made_by, not (loop and own_seen)

    def _owner(self, frame: FrameType) -> str:
        """A library's name, "" for the notebook and its modules, "-" for what is passed over."""
        key = frame.f_code.co_filename, str(frame.f_globals.get("__name__"))
        known = self._owners.get(key)
        if known is None:
            known = self._owners[key] = _owner_of(*key)
        return known


def _only_steps(function: str) -> bool:
    """Names of functions that make the step they are asked for: optimizers around optimizers."""
    bare = function.strip("_")
    return function in WRAPPERS or (bare.endswith("step") and "train" not in bare)


def _owner_of(file: str, module: str) -> str:
    """By the file and by the module's name: a copy under another file's name is still a library's.

    `module` is "__main__" for cells, and for what they execute.
    """
    held = sys.modules.get(module) if module != "__main__" else None
    home = getattr(held, "__file__", None) or ""
    for place in (home, file):
        library = _library(place)
        if library:
            return PASSED if library in NEUTRAL else library
    if any(mark in file for mark in CELL_MARKS):
        return OWN
    for place in (file, home):
        if "corrige_probe" in place or "/lib/python" in place or place.startswith("<"):
            return PASSED
    if module.partition(".")[0] == __name__.partition(".")[0]:
        return PASSED
    return OWN  # a module of the student's own


def _library(place: str) -> str:
    """`skorch` for .../site-packages/skorch/net.py."""
    place = place.replace("\\", "/")
    for home in ("site-packages/", "dist-packages/"):
        if home in place:
            return place.split(home, 1)[1].split("/", 1)[0].removesuffix(".py")
    return ""

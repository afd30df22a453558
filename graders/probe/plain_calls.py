"""Which images did a network get that is written as plain functions, and what did it choose?

No module is called there. Its first convolution without gradients is given images; the largest
output of as many rows is asked for soon after. Between the two nothing is watched.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from .frameworks.seam import Tensors
from .pictures import PassPictures, as_images
from .watch import Watch

LARGEST_OF = ("argmax", "max", "topk")
MAX_PASSES = 64  # of one cell


class PlainPass:
    """Batches of images, one after the other, and what was chosen for them."""

    def __init__(self, cell: int, moment: int) -> None:
        self.cell, self.moment = cell, moment
        self.rows: list[int] = []
        self.pictures = PassPictures()


class PlainCalls:
    """Watches convolutions outside any module, of torch."""

    def __init__(self, torch: Any, watch: Watch, tensors: Tensors) -> None:
        self.torch, self.watch, self._tensors = torch, watch, tensors
        self._passes: list[PlainPass] = []
        self._given: Any = None  # images whose answer is not known yet
        self._answer: Any = None
        self._expected = 0  # rows of the batch whose answer is awaited

    def install(self) -> None:
        torch, watch = self.torch, self.watch
        functional, this_thread = torch.nn.functional, threading.get_ident
        original = functional.conv2d

        @functools.wraps(original)
        def conv2d(*args: Any, **kwargs: Any) -> Any:
            out = original(*args, **kwargs)
            if not watch.busy and not watch.ours and this_thread() == watch.thread:
                watch.guard("plain", self._convolved, args[0] if args else None, out)
            return out

        functional.conv2d = conv2d
        self._tell_script(conv2d, "conv2d")
        for home in (torch, torch.Tensor):
            for name in LARGEST_OF:
                watched = self._asked(getattr(home, name))
                setattr(home, name, watched)
                self._tell_script(watched, name)

    def _tell_script(self, function: Any, name: str) -> None:
        """`torch.jit.script` takes a function for the operation only when it is told so."""
        register = getattr(getattr(self.torch.jit, "_builtins", None), "_register_builtin", None)
        if register is not None:
            register(function, f"aten::{name}")

    def _asked(self, original: Any) -> Any:
        """A function that is asked for the largest of something."""

        @functools.wraps(original)
        def largest(*args: Any, **kwargs: Any) -> Any:
            if self._expected and args and not self.watch.ours:
                self.watch.guard("plain", self._chosen, args[0])
            return original(*args, **kwargs)

        return largest

    def _convolved(self, given: Any, out: Any) -> None:
        if not isinstance(given, self.torch.Tensor) or given.ndim != 4 or out.requires_grad:
            return
        if 3 not in (given.shape[1], given.shape[3]):
            return
        rows = self._tensors.to_numpy(given)
        if as_images(rows) is not None:
            self._settle()
            self._given = rows.copy()
            self._expected = len(rows)

    def _chosen(self, answer: Any) -> None:
        if not isinstance(answer, self.torch.Tensor) or answer.ndim != 2 or self._given is None:
            return
        if answer.shape[0] == self._expected and answer.shape[1] > 1:
            self._answer = self._tensors.to_numpy(answer).copy()
            self._expected = 0

    def _settle(self) -> None:
        """The batch is over: to the pass it belongs to."""
        given, answer = self._given, self._answer
        self._given = self._answer = None
        self._expected = 0
        if given is None:
            return
        now = self._passes[-1] if self._passes else None
        if now is None or len(given) > now.rows[-1] or now.rows[-1] < now.rows[0]:
            if len(self._passes) >= MAX_PASSES:
                return
            now = PlainPass(self.watch.cells.current, self.watch.cells.tick())
            self._passes.append(now)
        now.rows.append(len(given))
        now.pictures.note(given, answer)

    def cell_ended(self) -> None:
        self._settle()
        for made in self._passes:
            self.watch.log.write(
                "plain_pass",
                model=0,
                state=made.moment,
                cell=made.cell,
                moment=made.moment,
                rows=made.rows,
                **made.pictures.fields(self.watch.log),
            )
        self._passes.clear()

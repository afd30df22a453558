"""Where does the probe touch torch? Every hook and replaced function, in one place."""

from __future__ import annotations

import functools
import threading
from typing import Any

from .answers import ask
from .cells import Cells
from .log import EventLog
from .models import ModelBook
from .passes import Passes
from .tape import Operations, make_tape
from .training import Training


class TorchObserver:
    """Watches modules' calls, backward passes and optimizer steps of the main thread."""

    def __init__(self, torch: Any, log: EventLog, cells: Cells) -> None:
        self.torch, self.log, self.cells = torch, log, cells
        self.book = ModelBook(torch, log, cells, make_tape(torch), Operations(torch))
        self.book.ask = ask
        self.passes = Passes(torch, log, cells, self.book)
        self.training = Training(torch, log, cells, self.book, self.passes)
        self._busy = 0  # depth of module calls
        self._ours = False  # the probe itself is calling
        self._differentiating = False

    def install(self) -> None:
        self._watch_calls()
        self._watch_backward()
        self._watch_steps()
        self._watch_boundaries()

    def cell_ended(self) -> None:
        self._ours = True
        try:
            self.training.cell_ended()
            self.passes.cell_ended()
            self.book.cell_ended()
        finally:
            self._ours = False

    def _fault(self, where: str, error: BaseException) -> None:
        self.log.write("fault", cell=self.cells.current, where=where, what=repr(error)[:500])

    # Module.__call__ rather than global module hooks: those put every submodule's call on a
    # slow path (6 to 10 % of a small training loop); this costs a fifth of a microsecond.
    def _watch_calls(self) -> None:
        observer, book, passes, training = self, self.book, self.passes, self.training
        original = self.torch.nn.Module.__call__
        main, this_thread = threading.get_ident(), threading.get_ident

        @functools.wraps(original)
        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            if observer._busy or this_thread() != main:
                if training.tape is None and not observer._ours:
                    return original(module, *args, **kwargs)
                return observer._scoped(original, module, args, kwargs)
            if observer._ours:
                observer._busy += 1
                try:
                    return original(module, *args, **kwargs)
                finally:
                    observer._busy -= 1
            observer._busy = 1
            try:
                out = original(module, *args, **kwargs)
            finally:
                observer._busy = 0
            try:
                observer._ours = True
                passes.called(module, args, kwargs, out)
                if training.tape is not None:
                    model = book.models.get(id(module))
                    if model is not None and model.thing() is module:
                        training.root_called(
                            model, (*args, *kwargs.values()), out, observer.torch.is_grad_enabled()
                        )
            except Exception as error:
                observer._fault("call", error)
            finally:
                observer._ours = False
            return out

        self.torch.nn.Module.__call__ = call

    def _scoped(self, original: Any, module: Any, args: Any, kwargs: Any) -> Any:
        """Under a tape, nodes learn the path of the module that makes them."""
        tape = self.training.tape or self.book.drawing
        if tape is None:
            return original(module, *args, **kwargs)
        tape.scope.append(self.book.path_of(module))
        try:
            return original(module, *args, **kwargs)
        finally:
            tape.scope.pop()

    def _watch_backward(self) -> None:
        torch, training = self.torch, self.training

        def watched(original: Any) -> Any:
            @functools.wraps(original)
            def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
                if self._ours or self._differentiating:
                    return original(tensors, *args, **kwargs)
                self._guard("before_backward", training.before_backward, tensors)
                self._differentiating = True
                try:
                    result = original(tensors, *args, **kwargs)
                finally:
                    self._differentiating = False
                self._guard("after_backward", training.after_backward)
                return result

            return backward

        # The method too: under a tape it would reach `autograd.backward` from inside torch's
        # dispatch, where the tape cannot be ended.
        torch.autograd.backward = watched(torch.autograd.backward)
        torch.autograd.grad = watched(torch.autograd.grad)
        torch.Tensor.backward = watched(torch.Tensor.backward)

    def _watch_steps(self) -> None:
        from torch.optim.optimizer import (
            register_optimizer_step_post_hook,
            register_optimizer_step_pre_hook,
        )

        def before(optimizer: Any, args: Any, kwargs: Any) -> None:
            self._guard("before_step", self.training.before_step, optimizer)

        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            self._guard("after_step", self.training.after_step, optimizer)

        register_optimizer_step_pre_hook(before)
        register_optimizer_step_post_hook(after)

    def _watch_boundaries(self) -> None:
        """A data loader that starts again ends a pass; a saved network deserves its state."""
        loader = self.torch.utils.data.DataLoader
        iterate = loader.__iter__

        @functools.wraps(iterate)
        def restart(dataloader: Any) -> Any:
            self._guard("loader", self.passes.interrupted)
            return iterate(dataloader)

        loader.__iter__ = restart
        save = self.torch.save

        @functools.wraps(save)
        def torch_save(*args: Any, **kwargs: Any) -> Any:
            self._guard("save", self._saved)
            return save(*args, **kwargs)

        self.torch.save = torch_save

    def _saved(self) -> None:
        self.passes.interrupted()
        for model, _thing in self.book.living():
            if model.saves < 8:
                model.saves += 1
                model.saved.append(self.book.copy_state(model, "save"))
            else:
                model.saved[-1] = self.book.copy_state(model, "save")

    def _guard(self, where: str, action: Any, *args: Any) -> None:
        before, self._ours = self._ours, True
        try:
            action(*args)
        except Exception as error:
            self._fault(where, error)
        finally:
            self._ours = before

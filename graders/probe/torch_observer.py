"""Where does the probe touch torch? Every hook and replaced function, in one place."""

from __future__ import annotations

import functools
import threading
from typing import Any

from .frameworks.torch_modules import TorchModules
from .plain_calls import PlainCalls
from .training import Training
from .watch import Watch


class TorchObserver:
    """Watches modules' calls, backward passes and optimizer steps of the main thread."""

    def __init__(self, torch: Any, watch: Watch) -> None:
        self.torch, self.watch = torch, watch
        self.framework = TorchModules(torch)
        watch.add(self.framework)
        self.training = Training(self.framework, watch.log, watch.cells, watch.book, watch.passes)
        watch.trainings.append(self.training)
        watch.iterations.append(self.training.iteration)
        self._differentiating = False

    def install(self) -> None:
        self._watch_calls()
        self._watch_backward()
        self._watch_steps()
        self._watch_boundaries()
        plain = PlainCalls(self.torch, self.watch, self.framework.tensors)
        plain.install()
        self.watch.cells.add(plain)

    # Module.__call__ rather than global module hooks: those put every submodule's call on a
    # slow path (6 to 10 % of a small training loop); this costs a fifth of a microsecond.
    def _watch_calls(self) -> None:
        observer, watch, iteration = self, self.watch, self.training.iteration
        original = self.torch.nn.Module.__call__
        main, this_thread = watch.thread, threading.get_ident

        @functools.wraps(original)
        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            if watch.busy or this_thread() != main:
                if iteration.tape is None and not watch.ours:
                    return original(module, *args, **kwargs)
                return observer._scoped(original, module, args, kwargs)
            if watch.ours:
                watch.busy += 1
                try:
                    return original(module, *args, **kwargs)
                finally:
                    watch.busy -= 1
            watch.busy = 1
            try:
                out = original(module, *args, **kwargs)
            finally:
                watch.busy = 0
            watch.guard("call", observer._called, module, (*args, *kwargs.values()), out)
            return out

        self.torch.nn.Module.__call__ = call

    def _called(self, module: Any, args: tuple[Any, ...], out: Any) -> None:
        self.watch.passes.called(self.framework, module, args, out, module.training)
        if self.training.iteration.tape is not None:
            model = self.watch.book.known(module)
            if model is not None:
                grad = self.torch.is_grad_enabled()
                self.training.iteration.root_called(model, args, out, grad)

    def _scoped(self, original: Any, module: Any, args: Any, kwargs: Any) -> Any:
        """Under a tape, nodes learn the path of the module that makes them."""
        tape = self.training.iteration.tape or self.watch.book.drawing
        if tape is None:
            return original(module, *args, **kwargs)
        tape.scope.append(self.watch.book.path_of(module))
        try:
            return original(module, *args, **kwargs)
        finally:
            tape.scope.pop()

    def _watch_backward(self) -> None:
        torch, training, watch = self.torch, self.training, self.watch

        def watched(original: Any) -> Any:
            @functools.wraps(original)
            def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
                if watch.ours or self._differentiating:
                    return original(tensors, *args, **kwargs)
                watch.guard("before_backward", training.before_backward, tensors)
                self._differentiating = True
                try:
                    result = original(tensors, *args, **kwargs)
                finally:
                    self._differentiating = False
                watch.guard("after_backward", training.after_backward)
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
            self.watch.guard("before_step", self.training.before_step, optimizer)

        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            self.watch.guard("after_step", self.training.after_step, optimizer)

        register_optimizer_step_pre_hook(before)
        register_optimizer_step_post_hook(after)

    def _watch_boundaries(self) -> None:
        """A data loader that starts again ends a pass; a saved network deserves its state."""
        loader = self.torch.utils.data.DataLoader
        iterate = loader.__iter__

        @functools.wraps(iterate)
        def restart(dataloader: Any) -> Any:
            self.watch.guard("loader", self.watch.passes.interrupted)
            return iterate(dataloader)

        loader.__iter__ = restart
        save = self.torch.save

        @functools.wraps(save)
        def torch_save(*args: Any, **kwargs: Any) -> Any:
            self.watch.guard("save", self.watch.saved)
            return save(*args, **kwargs)

        self.torch.save = torch_save

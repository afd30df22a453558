"""Which rows did `predict` and `evaluate` see, and what did the network answer?

On TensorFlow both compile their step, so that no layer is called while they run. The compiled step
of `evaluate` is made to return what it was given and what the network answered beside its logs;
`predict` is given its batches and returns its answers as it is. On torch layers are called as ever.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from .keras_observer import KerasObserver, each

SEEN = "corrige seen"  # key of what is returned beside the logs
APART = ("predict", "evaluate")  # each call of them is a pass of its own


class KerasEvaluations:
    """Watches a trainer's compiled evaluations of TensorFlow, batch after batch."""

    def __init__(self, observer: KerasObserver) -> None:
        self.observer, self.watch = observer, observer.watch

    def install(self, model_type: Any, compiled: bool) -> None:
        """`model_type`: `keras.Model`. `compiled`: its steps may be compiled."""
        for name in APART:
            setattr(model_type, name, self._apart(getattr(model_type, name)))
        if compiled:
            self._leave_exports()
            model_type.make_test_function = self._testing(model_type.make_test_function)
            model_type.make_predict_function = self._predicting(model_type.make_predict_function)

    def _apart(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.watch.guard(original.__name__, self.watch.passes.interrupted)
            return original(*args, **kwargs)

        return watched

    def _leave_exports(self) -> None:
        """Functions that are traced to be written to a file hold nothing of ours."""
        import sys

        saved_model = sys.modules["tensorflow"].saved_model
        archive = self.observer.keras.export.ExportArchive
        for owner, name in (
            (self.observer.keras.Model, "export"),
            (archive, "track_and_add_endpoint"),
            (archive, "add_endpoint"),
            (archive, "write_out"),
            (saved_model, "save"),
        ):
            original = getattr(owner, name, None)
            if original is not None:
                setattr(owner, name, self._told(original))

    def _told(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.observer.telling():
                return original(*args, **kwargs)

        return watched

    def _predicting(self, original: Any) -> Any:
        evaluations = self

        @functools.wraps(original)
        def make(model: Any, force: bool = False) -> Any:
            if model.predict_function is not None and not force:
                return original(model, force)
            result = original(model, force)
            function = model.predict_function
            if not model.run_eagerly and function is not None:

                def predict(data: Any) -> Any:
                    with evaluations.observer.telling():
                        out = function(data)
                    evaluations.watch.guard("predict", evaluations._predicted, model, data, out)
                    return out

                model.predict_function = predict
            return result

        return make

    def _predicted(self, model: Any, data: Any, out: Any) -> None:
        if len(data) == 1:  # else the answers to several batches are one
            batch = data[0]
            self._seen(model, batch[0] if isinstance(batch, (tuple, list)) else batch, out)

    def _testing(self, original: Any) -> Any:
        evaluations = self

        @functools.wraps(original)
        def make(model: Any, force: bool = False) -> Any:
            if model.run_eagerly or (model.test_function is not None and not force):
                return original(model, force)
            with evaluations._telling(model):
                result = original(model, force)
            function = model.test_function

            def test(iterator: Any) -> Any:
                logs = function(iterator)
                seen = logs.pop(SEEN, None) if isinstance(logs, dict) else None
                if seen is not None and model.steps_per_execution == 1:
                    evaluations.watch.guard("evaluate", evaluations._seen, model, *seen)
                return logs

            if function is not None:
                model.test_function = test
            return result

        return make

    def _telling(self, model: Any) -> Any:
        """While the step is made it is one that tells what its network was given and said."""
        observer, step = self.observer, model.test_step

        @functools.wraps(step)
        def told(data: Any) -> Any:
            observer.traced = None
            with observer.telling():
                logs = step(data)
            traced, observer.traced = observer.traced, None
            if traced is None or not isinstance(logs, dict) or traced[0] is not model:
                return logs
            _layer, given, out = traced
            inputs = tuple(x for x in given if observer.is_graphs(x))  # a list would be stacked
            if not inputs or not observer.is_graphs(out):
                return logs
            return {**logs, SEEN: (inputs, out)}

        return _instead(model, "test_step", told)

    def _seen(self, model: Any, given: Any, out: Any) -> None:
        """One batch of an evaluation, with the tensors that went in and came out."""
        tensors = self.observer.framework.tensors
        inputs = tuple(self.observer.as_tensor(x) for x in each(given))
        if inputs and all(tensors.is_tensor(x) for x in inputs):
            passes = self.watch.passes
            passes.called(self.observer.framework, model, inputs, out, training=False)


@contextlib.contextmanager
def _instead(owner: Any, name: str, thing: Any) -> Iterator[None]:
    """Within, an attribute of one object is another one. Keras's own way of setting attributes,
    which would track it, is passed by."""
    held = vars(owner)
    before = held.get(name)
    held[name] = thing
    try:
        yield
    finally:
        if before is None:
            del held[name]
        else:
            held[name] = before

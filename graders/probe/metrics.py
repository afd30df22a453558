"""Which metrics were asked of a library, with what arguments? Which results were compared?"""

from __future__ import annotations

import functools
import sys
from typing import Any

from .cells import Cells
from .log import EventLog

SKLEARN = (
    "accuracy_score balanced_accuracy_score f1_score fbeta_score precision_score recall_score "
    "classification_report confusion_matrix precision_recall_fscore_support roc_auc_score "
    "jaccard_score matthews_corrcoef"
).split()
TORCH_COMPARISONS = ("allclose", "equal", "isclose")
NUMPY_COMPARISONS = ("allclose", "array_equal", "isclose")
NUMPY_ASSERTIONS = (
    "assert_allclose assert_array_almost_equal assert_almost_equal assert_array_equal assert_equal"
).split()
MAX_ROWS = 200_000
MAX_CALLS = 500  # of one function in one cell


class Metrics:
    """Wraps functions of metric and comparison libraries; arguments become plain arrays."""

    def __init__(self, log: EventLog, cells: Cells) -> None:
        self.log, self.cells = log, cells
        self._calls: dict[str, int] = {}

    def cell_ended(self) -> None:
        self._calls.clear()

    def sklearn(self, module: Any) -> None:
        for name in SKLEARN:
            if hasattr(module, name):
                setattr(module, name, self._metric(getattr(module, name), name))

    def torchmetrics(self, module: Any) -> None:
        """Class metrics accumulate: what they were updated with is kept until `compute`."""
        metric = module.Metric
        compute = metric.compute

        @functools.wraps(compute)
        def watched(this: Any, *args: Any, **kwargs: Any) -> Any:
            result = compute(this, *args, **kwargs)
            self._write("metric", type(this).__name__, (), {}, result)
            return result

        metric.compute = watched

    def torch(self, module: Any) -> None:
        for name in TORCH_COMPARISONS:
            setattr(module, name, self._comparison(getattr(module, name), name))
        module.testing.assert_close = self._comparison(module.testing.assert_close, "assert_close")
        method = module.Tensor.allclose
        module.Tensor.allclose = self._comparison(method, "allclose")
        module.Tensor.equal = self._comparison(module.Tensor.equal, "equal")

    def numpy(self, module: Any) -> None:
        for name in NUMPY_COMPARISONS:
            setattr(module, name, self._comparison(getattr(module, name), name))

    def numpy_testing(self, module: Any) -> None:
        for name in NUMPY_ASSERTIONS:
            setattr(module, name, self._comparison(getattr(module, name), name))

    def _metric(self, function: Any, name: str) -> Any:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._write("metric", name, args, kwargs, result)
            return result

        return watched

    def _comparison(self, function: Any, name: str) -> Any:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            outcome: Any = "raised"
            try:
                outcome = function(*args, **kwargs)
                return outcome
            finally:
                # Libraries compare too: matplotlib its axes, pandas its numbers.
                if "-packages" not in sys._getframe(1).f_code.co_filename:
                    self._write("comparison", name, args, kwargs, outcome)

        return watched

    def _write(self, event: str, name: str, args: Any, kwargs: Any, result: Any) -> None:
        count = self._calls[name] = self._calls.get(name, 0) + 1
        if count > MAX_CALLS or self.cells.current < 0:
            return
        try:
            named = dict(kwargs)
            for key, value in zip(
                ("a", "b") if event == "comparison" else ("y_true", "y_pred"), args, strict=False
            ):
                named.setdefault(key, value)
            arrays, options = {}, {}
            for key, value in named.items():
                array = plain_array(value)
                if array is not None and array.ndim and len(array) <= MAX_ROWS:
                    arrays[key] = {"digest": self.log.keep(array), "shape": list(array.shape)}
                else:
                    options[key] = (
                        value if isinstance(value, (bool, int, float, str)) else repr(value)[:100]
                    )
            first, second = (args[0], args[1]) if len(args) > 1 else (None, object())
            self.log.write(
                event,
                name=name,
                cell=self.cells.current,
                moment=self.cells.tick(),
                arrays=arrays,
                options=options,
                same_object=first is second,
                result=plain_result(result),
            )
        except Exception as error:
            self.log.write("fault", cell=self.cells.current, where=name, what=repr(error)[:500])


def plain_array(value: Any) -> Any:
    """A numeric or text array of what was given, None when it is nothing of the kind."""
    import numpy as np

    if hasattr(value, "detach"):
        from .frameworks.torch_tensors import to_numpy

        return to_numpy(value)
    if isinstance(value, (str, bytes, bool, int, float, dict)) or value is None:
        return None
    try:
        array = np.asarray(value)
    except Exception:
        return None
    if array.dtype.kind == "O":
        try:
            array = array.astype(str)
        except Exception:
            return None
    return array if array.dtype.kind in "biufU" and array.size else None


def plain_result(result: Any) -> Any:
    """A result as JSON: numbers, short lists, text."""
    if isinstance(result, (bool, int, float, str)) or result is None:
        return result[:5000] if isinstance(result, str) else result
    if isinstance(result, dict):
        return {str(k): plain_result(v) for k, v in list(result.items())[:100]}
    if hasattr(result, "tolist") and getattr(result, "size", 0) is not None:
        import math

        shape = tuple(getattr(result, "shape", ()))
        if math.prod(shape) <= 10_000:
            if math.prod(shape) > 100 and str(getattr(result, "dtype", "")).endswith("bool"):
                return bool(result.all())
            return result.tolist()
    if isinstance(result, (list, tuple)):
        return [plain_result(x) for x in result[:100]]
    return repr(result)[:200]

"""What does a model answer when it is simply called, on rows that nobody has seen before?

Its graph, which was drawn just before, is computed again outside on the same rows: a model that
behaves differently while it is drawn, or with another number of rows, is found out.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from .models import Model, ModelBook

BATCHES = (3, 40)  # rows; fewer and more than a graph is drawn with
IMAGES = (2, 5)  # likewise, of rows that cost a network much more
MOST = 2**20  # bytes of rows and of answers


def ask(book: ModelBook, model: Model, thing: Any, moment: int) -> None:
    """Call the model on fresh rows in evaluation mode and write down what it says."""
    import numpy as np

    sample, framework, tensors = model.sample, model.framework, model.tensors
    if sample is None or len(sample) != 1 or framework is None:
        return
    given = sample[0]
    shape = tensors.shape(given)
    batches = BATCHES if len(shape) < 4 else IMAGES
    if len(shape) < 2 or shape[0] < 2 or tensors.nbytes(given) // shape[0] * sum(batches) > MOST:
        return
    inputs, outputs = [], []
    try:
        with contextlib.redirect_stdout(io.StringIO()), framework.evaluating(thing):
            for count in batches:
                rows = tensors.fresh_rows(given, count)
                if rows is None:
                    return
                out = framework.call(thing, (rows,))
                answered = tensors.shape(out) if tensors.is_tensor(out) else ()
                if not answered or answered[0] != count:
                    return
                inputs.append(tensors.to_numpy(rows))
                outputs.append(tensors.to_numpy(out))
    except Exception:
        return  # networks for one number of rows are nobody's fault
    if len({o.shape[1:] for o in outputs}) != 1 or sum(o.nbytes for o in outputs) > MOST:
        return
    book.log.write(
        "answer",
        model=model.uid,
        state=moment,
        cell=book.cells.current,
        moment=book.cells.tick(),
        rows=list(batches),
        inputs=book.log.keep(np.concatenate(inputs)),
        outputs=book.log.keep(np.concatenate(outputs)),
    )

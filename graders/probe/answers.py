"""What does a model answer when it is simply called, on rows that nobody has seen before?

Its graph, which was drawn just before, is computed again outside on the same rows: a model that
behaves differently while it is drawn, or with another number of rows, is found out.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from .models import Model, ModelBook, randomness_kept, to_numpy

BATCHES = (3, 40)  # rows; fewer and more than a graph is drawn with
MOST = 2**20  # bytes of rows and of answers
NEARBY = 0.1  # of a column's deviation, that fresh rows lie beside given ones


def ask(book: ModelBook, model: Model, module: Any, moment: int) -> None:
    """Call the module on fresh rows in evaluation mode and write down what it says."""
    import numpy as np

    sample = model.sample
    torch = book.torch
    if sample is None or len(sample) != 1:
        return
    given = sample[0]
    if not given.is_floating_point() or given.ndim < 2 or len(given) < 2:
        return
    if given[0].numel() * given.element_size() * sum(BATCHES) > MOST:
        return
    modes = [(m, m.training) for m in module.modules()]
    inputs, outputs = [], []
    try:
        with randomness_kept(torch), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            module.eval()
            for count in BATCHES:
                rows = fresh_rows(torch, given, count)
                out = module(rows)
                if not isinstance(out, torch.Tensor) or out.ndim == 0 or len(out) != count:
                    return
                inputs.append(to_numpy(rows))
                outputs.append(to_numpy(out))
    except Exception:
        return  # networks for one number of rows are nobody's fault
    finally:
        for submodule, training in modes:
            submodule.training = training
    if len({o.shape[1:] for o in outputs}) != 1 or sum(o.nbytes for o in outputs) > MOST:
        return
    book.log.write(
        "answer",
        model=model.uid,
        state=moment,
        cell=book.cells.current,
        moment=book.cells.tick(),
        rows=list(BATCHES),
        inputs=book.log.keep(np.concatenate(inputs)),
        outputs=book.log.keep(np.concatenate(outputs)),
    )


def fresh_rows(torch: Any, given: Any, count: int) -> Any:
    """Rows that look like the given ones: each value is one of its column's, moved a little."""
    chosen = torch.randint(len(given), (count, *given.shape[1:]), device=given.device)
    rows = torch.gather(given, 0, chosen)
    spread = given.float().std(dim=0, keepdim=True).nan_to_num(0.0).to(given.dtype)
    return rows + NEARBY * spread * torch.randn_like(rows)

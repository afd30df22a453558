"""Is the adapted network the trained base network, with adapters in it?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.continued import parts_of
from graders.analysis.course import course_of, labelled
from graders.analysis.reading import Reading
from graders.analysis.runs import contents_after
from graders.analysis.skill import skill
from graders.evidence.arrays import EvidenceError
from graders.language import _

Array = NDArray[Any]
SAME = 1e-3  # relative: half precision and back
AS_GOOD = 0.5  # of what the base's AUC lies above chance


def trained_contents(reading: Reading) -> set[str]:
    """Contents that tensors had after a training without adapters had begun on them, and not
    before."""
    found: set[str] = set()
    for run in reading.runs:
        if not run.adapts:
            found |= contents_after(reading.evidence, run)
    return found


def stranger(reading: Reading) -> str:
    """Why the adapted network is not the trained base; "" when it is, or nothing was adapted.

    Weights say so when they are a trained network's. Others (averaged over steps, loaded from an
    earlier session's file) may be trained too: then the answers say so, on the training rows.
    """
    run, base = reading.adaptation, reading.base
    if run is None or base is None or reading.adapted is None:
        return ""
    network, layers = reading.adapted
    known = trained_contents(reading)
    same = sum(_among(reading, reading.start_of(x.w), known) for x in layers)
    if 2 * same >= len(layers):
        return ""
    words = _(
        "{n} of {total} matrices W that carry an adapter are not those of the trained base network"
    ).format(n=len(layers) - same, total=len(layers))
    given = labelled(reading, base, "train")
    trained = course_of(reading, parts_of(reading, base), "train").after
    if given is None or trained is None:
        return words
    rows, labels = given
    begun = skill(reading.answer(network, rows, reading.starts(run, network)), labels)
    if begun is None or abs(begun - 0.5) >= AS_GOOD * abs(trained - 0.5):
        return "" if begun is not None else words
    more = _(
        "before its first step it ranks the training rows with AUC {begun:.3f}, the base with "
        "{trained:.3f}"
    )
    return f"{words}; {more.format(begun=begun, trained=trained)}"


def bare_matrices(reading: Reading) -> int:
    """Weights of the base's linear layers that the adapted network uses, in whatever form, and
    that carry no adapter and are no layer either."""
    run, base = reading.adaptation, reading.base
    if run is None or base is None or base.network is None or reading.adapted is None:
        return 0
    network, layers = reading.adapted
    weights = {
        leaf.uid
        for layer in base.network.layers
        for leaf in base.network.weight_leaves(layer.weight)
        if len(leaf_shape := base.network.shape(leaf.value)) == 2 and min(leaf_shape) > 0
    }
    trained = {r.end for r in base.run.reached if r.uid in weights and r.start != r.end}
    trained |= {
        e.digest
        for s in reading.evidence.states
        if s.moment > base.run.last_moment
        for e in s.entries
        if e.uid in weights
    }
    starts = reading.starts(run, network)
    taken = {x.w for x in layers}
    for layer in network.layers:
        taken |= {leaf.value for leaf in network.weight_leaves(layer.weight)}
    return sum(
        starts.get(leaf.uid, leaf.digest) in trained
        for value, leaf in network.leaves.items()
        if value not in taken and len(network.shape(value)) == 2
    )


def _among(reading: Reading, matrix: Array | None, known: set[str]) -> bool:
    """True when a matrix is one of these contents, to the precision of half floats, transposed
    or not."""
    if matrix is None:
        return False
    for digest in known:
        try:
            other = reading.blobs.load(digest)
        except EvidenceError:
            continue
        for form in (other, other.T):
            if form.shape == matrix.shape and np.allclose(
                form, matrix, rtol=SAME, atol=SAME * float(np.abs(matrix).max())
            ):
                return True
    return False

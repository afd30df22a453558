"""May what was seen be believed? Doubts, and which criteria rest on what is doubtful.

Facts come from a process that the student's code shares. What can be computed again is: a
network's graph must answer as the network did. What cannot is believed only while nothing was
tampered with. A doubt takes nothing away; a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.operations import bare
from graders.analysis.reading import Reading
from graders.analysis.runs import DrawnNetwork
from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Answered
from graders.language import _

Array = NDArray[Any]
FAR = 0.1  # of the answers' own spread: half precision and long networks stay well below
OFTEN = 0.1  # share of the rows that are far

NETWORKS = (
    "architecture",
    "blocks",
    "training",
    "finetuning",
    "evaluation",
    "adaptation",
    "segmentation",
)
EVERYTHING = (*NETWORKS, "data", "textbook", "convolution", "documents", "byhand", "study")
# What rests only on functions of these libraries; anything else that was replaced may have
# touched every fact.
MEASURES = ("sklearn.metrics", "numpy")
MEASURED = ("evaluation", "adaptation")


@dataclass(frozen=True)
class Doubt:
    """Something that takes away the ground of whole themes of checks."""

    id: str
    message: str
    themes: tuple[str, ...]
    cells: tuple[int, ...] = ()


def doubts(reading: Reading) -> tuple[Doubt, ...]:
    """Everything that speaks against what was seen, each kind once."""
    found = [_damage(reading), _log(reading), _tampering(reading), _answers(reading)]
    return tuple(d for d in found if d is not None)


def doubt_of(reading: Reading, theme: str) -> Doubt | None:
    """The first doubt that concerns the checks of a theme."""
    return next((d for d in reading.doubts if theme in d.themes), None)


def _damage(reading: Reading) -> Doubt | None:
    if not reading.evidence.damage:
        return None
    words = _(
        "What was recorded of the run is damaged or was tampered with ({what}): a person has to "
        "look at everything that rests on it."
    ).format(what="; ".join(dict.fromkeys(reading.evidence.damage[:3])))
    return Doubt("evidence_damaged", words, EVERYTHING)


def _log(reading: Reading) -> Doubt | None:
    log = reading.evidence.run.log
    if log == "forged":
        words = _("Lines were written into the grader's own log, or taken out of it.")
    elif log == "stopped":
        words = _("The grader's observers were stopped before the end of the notebook.")
    else:
        return None
    return Doubt("tampered_log", words, EVERYTHING)


def _tampering(reading: Reading) -> Doubt | None:
    seen = reading.evidence.tampered
    if not seen:
        return None
    names = sorted({t.name for t in seen})
    measures = all(name.startswith(MEASURES) for name in names)
    shown = ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
    words = _("Functions that the grader relies on were replaced: {names}.").format(names=shown)
    cells = tuple(sorted({reading.cell(t.cell) for t in seen}))
    return Doubt("tampered", words, MEASURED if measures else EVERYTHING, cells)


def _answers(reading: Reading) -> Doubt | None:
    cells = tuple(sorted({reading.cell(c) for c in _contradictions(reading)}))
    if not cells:
        return None
    words = _(
        "A network answers differently from the graph that was drawn of it: it behaves in another "
        "way when it is watched, or with another number of rows."
    )
    return Doubt("answers_differ", words, NETWORKS, cells)


def _contradictions(reading: Reading) -> Iterator[int]:
    """Cells in which a model gave answers that its graph does not give.

    Only answers to calls that followed the drawing at once: between two calls of the notebook's,
    hooks, flags and tensors of its own may change what a model does, and honestly so.
    """
    for answer in reading.evidence.answers:
        for drawn in reading.drawn:
            graph = drawn.graph
            same = (graph.model, graph.moment) == (answer.model, answer.state)
            if (
                same
                and not graph.guessed
                and not _random(drawn)
                and _differs(reading, drawn, answer)
            ):
                yield answer.cell


def _random(drawn: DrawnNetwork) -> bool:
    """Does it draw by lot, also in evaluation mode?"""
    for node in drawn.network.nodes:
        name = bare(node.op)
        if "dropout" in name and (node.named.get("training") is True or True in node.args[2:3]):
            return True
        if name.startswith(("rand", "bernoulli", "normal", "multinomial", "poisson")):
            return True
    return False


def _differs(reading: Reading, drawn: DrawnNetwork, answer: Answered) -> bool:
    """Are the answers far from what the graph gives on the same rows, batch after batch?

    False when either cannot be known.
    """
    try:
        given, said = reading.blobs.load(answer.inputs), reading.blobs.load(answer.outputs)
    except EvidenceError:
        return False
    if sum(answer.rows) != len(given) or len(given) != len(said):
        return False
    ends = np.cumsum(answer.rows)
    parts = zip(np.concatenate([[0], ends[:-1]]), ends, strict=True)
    expected = [reading.predict_with(drawn.network, given[a:b]) for a, b in parts]
    if any(e is None for e in expected):
        return False
    return far_apart(np.concatenate([e for e in expected if e is not None]), said)


def far_apart(expected: Array, said: Array) -> bool:
    """True when many rows' answers differ by much of the answers' own spread.

    Both n rows of finite numbers of the same form; False for other forms.
    """
    if expected.shape != said.shape or not expected.size:
        return False
    first = expected.reshape(len(expected), -1).astype(np.float64)
    second = said.reshape(len(said), -1).astype(np.float64)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return False
    spread = max(first.std(), second.std(), 1e-3 * np.abs(first).max(), 1e-9)
    return bool((np.abs(first - second).max(axis=1) > FAR * spread).mean() > OFTEN)

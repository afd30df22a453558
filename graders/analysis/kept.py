"""Was the trained network kept in a file?"""

from __future__ import annotations

import numpy as np

from graders.analysis.continued import parts_of
from graders.analysis.course import course_of, labelled
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun, contents_after
from graders.analysis.saved import content, weights_in
from graders.analysis.skill import skill
from graders.analysis.statement import Answer
from graders.evidence.model import Entry
from graders.language import _

AS_GOOD = 0.5  # of what the trained network's AUC lies above chance


def saved(reading: Reading) -> Answer:
    """Whether a file holds the base network's weights after (some of) its training."""
    base = reading.base
    if base is None or not base.run.reached:
        return Answer(False, _("there is no trained network to save"))
    files = [f for f in reading.evidence.files if f.size > 0]
    since = base.run.moment
    after, before, unknown = _known_states(reading, base)
    size = sum(int(np.prod(r.shape)) * 4 for r in base.run.reached)
    doubtful: Answer | None = None
    early: Answer | None = None
    for file in files:
        cells = (reading.cell(file.cell),)
        name = file.path
        data = content(reading.folder, file)
        if any(weights_in(data, file, state, reading.blobs).whole for state in after):
            return Answer(True, _("'{file}' holds the trained weights").format(file=name), cells)
        if any(weights_in(data, file, state, reading.blobs).whole for state in before):
            early = Answer(
                False,
                _("'{file}' holds the weights as they were before training").format(file=name),
                cells,
            )
        elif any(weights_in(data, file, state, reading.blobs).whole for state in unknown):
            words = _("'{file}' holds weights of the same form that were not seen to be trained")
            doubtful = Answer(None, words.format(file=name), cells)
        elif (
            file.moment > since
            and file.size >= size // 2
            and _looks_like_weights(name, file.size, size)
        ):
            doubtful = Answer(
                None,
                _("'{file}' may hold the weights, but they are not among those seen").format(
                    file=name
                ),
                cells,
            )
    if doubtful is not None:
        return doubtful
    if early is not None:
        return early
    return Answer(False, _("no file written by the notebook holds the trained weights"))


def _looks_like_weights(name: str, size: int, weights: int) -> bool:
    kinds = (
        ".pt",
        ".pth",
        ".pkl",
        ".pickle",
        ".bin",
        ".safetensors",
        ".h5",
        ".ckpt",
        ".joblib",
        ".npz",
        ".tar",
        ".onnx",
        ".keras",
        ".pk1",
    )
    return name.lower().endswith(kinds) and size < 40 * weights + 100_000


def _known_states(
    reading: Reading, base: TrainedRun
) -> tuple[list[list[Entry]], list[list[Entry]], list[list[Entry]]]:
    """States of the base network's tensors after training began, those before, and states of
    another network of the same form that answers as an untrained one."""
    uids = {r.uid for r in base.run.reached}
    shapes = sorted(r.shape for r in base.run.reached)
    after: list[list[Entry]] = []
    before: list[list[Entry]] = []
    unknown: list[list[Entry]] = []
    seen: set[tuple[str, ...]] = set()
    starts = {r.start for r in base.run.reached}
    for state in reading.evidence.states:
        entries = [e for e in state.entries if e.uid in uids]
        own = len(entries) == len(uids)
        if not own:
            entries = list(state.parameters)
            if sorted(e.shape for e in entries) != shapes:
                continue
        key = tuple(e.digest for e in entries)
        if key in seen:
            continue
        seen.add(key)
        untouched = sum(e.digest in starts for e in entries) > len(entries) // 2
        if untouched or state.moment < base.run.moment:
            before.append(entries)
        elif own or _as_trained(reading, base, entries):
            after.append(entries)
        else:
            unknown.append(entries)
    if base.moved:
        after.append([r.entry(end=True) for r in base.run.reached])
    return after, before, unknown


def _as_trained(reading: Reading, base: TrainedRun, entries: list[Entry]) -> bool:
    """True when another network's weights are the base's, or serve the base network nearly as
    well (a mean of its weights over time), or when that cannot be told."""
    known = {r.end for r in base.run.reached} | contents_after(reading.evidence, base)
    if any(e.digest in known and len(e.shape) > 1 for e in entries):
        return True
    given = labelled(reading, base, "train")
    if given is None or base.network is None:
        return True
    rows, labels = given
    trained = course_of(reading, parts_of(reading, base), "train").after
    weights = {e.name: e.digest for e in entries}
    own = skill(reading.predict_with(base.network, rows, weights), labels)
    if trained is None or own is None:
        return True
    return abs(own - 0.5) >= AS_GOOD * abs(trained - 0.5)

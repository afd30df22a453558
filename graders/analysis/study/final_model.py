"""Was a model trained and kept in a file, in any of the notebooks?"""

from __future__ import annotations

from collections.abc import Iterator

from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.saved import content, weights_in
from graders.analysis.statement import Answer
from graders.evidence.model import Entry, FileSeen
from graders.evidence.reading import saved_file
from graders.language import _

MODELS = (
    ".pt", ".pth", ".pkl", ".pickle", ".bin", ".safetensors", ".h5", ".ckpt", ".joblib", ".npz",
    ".npy", ".keras", ".onnx",
)  # fmt: skip


def trained_and_stored(reading: Reading) -> Answer:
    """Does a file hold the weights that some training ended with, or passed through?"""
    whole = reading.whole
    trained = False
    doubtful: Answer | None = None
    for part, notebook in whole.readings():
        files = [f for f in notebook.evidence.files if f.size > 0]
        runs = [run for run in notebook.runs if run.moved > 0]
        trained = trained or bool(runs)
        for file in files:
            cells = (whole.cell(part, notebook.cell(file.cell)),)
            if any(_holds(notebook, file, run) for run in runs):
                words = _("'{file}' holds a network's weights as they were trained")
                return Answer(True, words.format(file=file.path), cells)
            if _may_be_a_model(notebook, file):
                words = _("'{file}' may hold a model, but none of those seen to be trained")
                doubtful = Answer(None, words.format(file=file.path), cells)
    if doubtful is not None:
        return doubtful
    if trained:
        return Answer(
            False, _("no file written by the notebooks holds a trained network's weights")
        )
    return Answer(False, _("no training of a network was seen, and no model in a file"))


def _holds(notebook: Reading, file: FileSeen, run: TrainedRun) -> bool:
    """Does the file hold all of what the run's tensors were after some of its steps?"""
    if file.moment < run.run.moment:
        return False
    data = content(notebook.folder, file)
    return any(
        weights_in(data, file, entries, notebook.blobs).whole for entries in _states(notebook, run)
    )


def _states(notebook: Reading, run: TrainedRun) -> Iterator[list[Entry]]:
    """What the run's tensors held when it ended, and at every later look and those within."""
    yield [r.entry(end=True) for r in run.run.reached]
    starts = {r.uid: r.start for r in run.run.reached}
    for state in notebook.evidence.states:
        entries = [e for e in state.entries if e.uid in starts]
        whole = len(entries) == len(starts) and state.moment > run.run.moment
        if whole and any(starts[e.uid] != e.digest for e in entries):
            yield entries


def _may_be_a_model(notebook: Reading, file: FileSeen) -> bool:
    named = file.path.lower().endswith(MODELS)
    return named and bool(file.digest) and bool(saved_file(notebook.folder, file.digest))

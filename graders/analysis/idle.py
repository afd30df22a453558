"""Do the adapters do what they seem to: change the answers, in every mode, from zero on?"""

from __future__ import annotations

import numpy as np
import torch

from graders.analysis.alike import close
from graders.analysis.network import uses_batch_statistics
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError, to_double
from graders.analysis.skill import moved
from graders.evidence.arrays import EvidenceError

ROWS = 64
NOTHING = 1e-9  # of the answers' own size
ADAPTED = 1e-2  # of the answers' spread: less is no adaptation that could be left out
STEP = 20.0  # times the learning rate: more than one step of the usual optimizers makes


def idle_layers(reading: Reading) -> tuple[str, ...]:
    """Adapted layers (their scopes) whose B does not change what the network answers, as when
    what is added is taken away again."""
    run = reading.adaptation
    sample = reading.sample_of(run) if run is not None else None
    if reading.adapted is None or run is None or sample is None or not len(sample):
        return ()
    network, layers = reading.adapted
    replay = Replay(network, reading.blobs)
    rows = sample[:ROWS]
    generator = torch.Generator().manual_seed(7)
    found = []
    try:
        plain = replay.predict(rows)
        size = float(np.abs(plain).max()) + 1e-12
        for number, layer in enumerate(layers):
            b = replay.leaf(layer.b)
            noise = [torch.randn(b.shape, generator=generator, dtype=b.dtype) for _ in range(2)]
            changes = [np.abs(replay.predict(rows, {layer.b: n}) - plain).max() for n in noise]
            if max(changes) <= NOTHING * size:
                found.append(layer.scope or f"#{number + 1}")
    except ReplayError:
        return ()
    return tuple(found)


def left_out_in_evaluation(reading: Reading) -> bool:
    """True when the adapted network, drawn in evaluation mode while it still holds A and B,
    answers as it does with B = 0, and not as it was trained."""
    run = reading.adaptation
    sample = reading.sample_of(run) if run is not None else None
    if run is None or run.network is None or sample is None or not run.adapted:
        return False
    if uses_batch_statistics(run.network):
        return False  # the tape's answers are a batch's own
    ends = {r.uid: r.end for r in run.run.reached}
    trained = reading.answer(run.network, sample, ends)
    without = reading.unadapted(run.network, run.adapted, sample, ends)
    apart = moved(without, trained)
    if apart is None or apart < ADAPTED:
        return False
    states = {(s.model, s.moment): s for s in reading.evidence.states}
    for drawn in reading.drawn:
        state = states.get((drawn.graph.model or -1, drawn.graph.moment))
        if drawn.adapted or drawn.graph.model != run.run.model or state is None:
            continue
        if drawn.graph.moment < run.run.last_moment:
            continue
        held = {e.uid: e.digest for e in state.entries}
        if any(held.get(uid) != ends.get(uid) for uid in run.pair_uids):
            continue
        answer = reading.predict_with(drawn.network, sample)
        if close(answer, without) and not close(answer, trained):
            return True
    return False


def filled_after_start(reading: Reading) -> bool:
    """True when B, zero before the first step, holds after it what no usual step makes of zero.

    The tape is of the second iteration, so that it shows B after one step at most.
    """
    run = reading.adaptation
    if run is None or reading.adapted is None or not run.run.rates or not run.run.samples:
        return False
    tape = next((g for g in reading.evidence.graphs if g.run == run.run.number), None)
    if tape is None or run.run.optimizer == "LBFGS":
        return False
    network, layers = reading.adapted
    second = {leaf.uid: leaf.digest for leaf in tape.leaves}
    rate = max(run.run.rates[0][1], default=0.0)
    gradients = {p.uid: p.gradient or 0.0 for p in run.run.samples[0].parameters}
    for layer in layers:
        uid = network.leaves[layer.b].uid
        try:
            largest = float(to_double(reading.blobs.load(second[uid])).abs().max())
        except (EvidenceError, KeyError):
            continue
        if largest > STEP * rate * max(1.0, gradients.get(uid, 0.0)) > 0:
            return True
    return False

"""Which training runs go on with what another one left, in other cells or from a copy?"""

from __future__ import annotations

from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun, contents_after


def parts_of(reading: Reading, run: TrainedRun) -> tuple[TrainedRun, ...]:
    """The run, the other runs of the same tensors, and the earlier ones whose weights it began
    with (a reloaded checkpoint, a copy); in order."""
    kind = [r for r in reading.runs if r.adapts == run.adapts]
    mine = {r.uid for r in run.run.reached}
    found = [r for r in kind if r is run or mine & {x.uid for x in r.run.reached}]
    while (earlier := _left_to(reading, found[0], kind)) is not None:
        mine = {r.uid for r in earlier.run.reached}
        before = [r for r in kind if r.run.moment < found[0].run.moment]
        found[:0] = [r for r in before if r is earlier or mine & {x.uid for x in r.run.reached}]
    return tuple(found)


def _left_to(reading: Reading, run: TrainedRun, kind: list[TrainedRun]) -> TrainedRun | None:
    """The last earlier run that most of this one's tensors come from."""
    starts = {r.start for r in run.run.reached}
    for earlier in reversed([r for r in kind if r.run.moment < run.run.moment]):
        if 2 * len(starts & contents_after(reading.evidence, earlier)) > len(starts) > 0:
            return earlier
    return None

"""Which training runs are the fine-tuning with the backbone frozen, and which without?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from graders.analysis.backbone import Backbone
from graders.analysis.lineage import Lineage
from graders.analysis.pretrained import Pretrained
from graders.analysis.runs import TrainedRun
from graders.evidence.model import ForwardPass

FEWEST = 8  # convolutions of a network that can be taken for the pretrained one
NEARLY_ALL = 0.5  # of the file's kernels: a network with so many convolutions is meant to be it


@dataclass(frozen=True)
class Stage:
    """One run that fine-tunes, with the pretrained tensors behind it.

    `kernels` are the identities of the backbone's convolution kernels: those of the file, or, when
    the network holds none of them, all that are not the last layer's. `moved` are those that the
    run changed.
    """

    trained: TrainedRun
    backbone: Backbone
    kernels: frozenset[int]
    moved: frozenset[int]

    @property
    def start(self) -> int:
        return self.trained.run.moment

    @property
    def end(self) -> int:
        return self.trained.run.last_moment

    @cached_property
    def learnt(self) -> frozenset[int]:
        """Identities of all tensors that the run changed through gradients."""
        return frozenset(r.uid for r in self.trained.run.reached if r.start != r.end)

    @cached_property
    def frees(self) -> bool:
        """Is the backbone trained in this run? By what moved; when nothing did, by what had
        gradients and was given to the optimizer."""
        if self.moved or self.learnt:
            return bool(self.moved)
        stepped = {p.uid for s in self.trained.run.samples for p in s.parameters if p.in_optimizer}
        reached = {r.uid for r in self.trained.run.reached}
        return bool(self.kernels & reached & (stepped or reached))


@dataclass(frozen=True)
class FineTuning:
    """Runs that go on with one another, in order: the fine-tuning that one exercise asks for."""

    stages: tuple[Stage, ...]

    @property
    def parts(self) -> tuple[TrainedRun, ...]:
        return tuple(s.trained for s in self.stages)

    @property
    def last(self) -> Stage:
        return self.stages[-1]

    @property
    def start(self) -> int:
        """The moment at which it began, the passes that computed its features included."""
        begun = [s.start for s in self.stages]
        return min(begun + [p.moment for p in self.feature_passes])

    @property
    def end(self) -> int:
        return max(s.end for s in self.stages)

    @property
    def cells(self) -> tuple[int, ...]:
        """Numbers of the executed cells in which it was trained."""
        return tuple(dict.fromkeys(s.trained.run.cell for s in self.stages))

    @cached_property
    def feature_passes(self) -> tuple[ForwardPass, ...]:
        """Passes that computed what a head was trained on, apart from the training."""
        return tuple({p.moment: p for s in self.stages for p in s.backbone.passes}.values())

    @cached_property
    def tensors(self) -> dict[str, int]:
        """Identities by key of the pretrained tensors that take part."""
        return {k: uid for s in self.stages for k, uid in s.backbone.tensors.items()}

    @property
    def kernels(self) -> frozenset[int]:
        return frozenset().union(*(s.kernels for s in self.stages))

    @property
    def moved(self) -> frozenset[int]:
        return frozenset().union(*(s.moved for s in self.stages))


@dataclass(frozen=True)
class FineTunings:
    """`frozen` is the exercise that keeps the backbone fixed, `free` the one that trains it; told
    by what moved, else by their order. `all` are every one seen, experiments included."""

    frozen: FineTuning | None
    free: FineTuning | None
    all: tuple[FineTuning, ...] = ()


def stages_of(
    runs: Sequence[TrainedRun],
    backbones: Callable[[TrainedRun], Backbone],
    lineage: Lineage,
    pretrained: Pretrained,
) -> tuple[Stage, ...]:
    """The runs that fine-tune the pretrained network, or one of its form, in order."""
    wanted = sum(a.ndim == 4 for a in pretrained.arrays.values())
    found = []
    for run in sorted(runs, key=lambda r: r.run.moment):
        backbone = backbones(run)
        kernels = frozenset(
            uid for key, uid in backbone.tensors.items() if pretrained.arrays[key].ndim == 4
        )
        if not kernels:
            kernels = _of_the_form(run)
            if len(kernels) < max(NEARLY_ALL * wanted, FEWEST):
                continue
        found.append(Stage(run, backbone, kernels, _moved(run, kernels, lineage)))
    return tuple(found)


def _of_the_form(run: TrainedRun) -> frozenset[int]:
    """Kernels of the convolutions of a run's network."""
    if run.network is None:
        return frozenset()
    return frozenset(
        leaf.uid
        for layer in run.network.layers
        for leaf in run.network.weight_leaves(layer.weight)
        if len(run.network.shape(leaf.value)) == 4
    )


def _moved(run: TrainedRun, kernels: frozenset[int], lineage: Lineage) -> frozenset[int]:
    reached = {r.uid: r for r in run.run.reached}
    found = {uid for uid in kernels if uid in reached and reached[uid].start != reached[uid].end}
    for uid in kernels - set(reached):
        before, after = lineage.begun(uid, run.run.moment), lineage.after(uid, run.run.last_moment)
        if before is not None and after is not None and before.digest != after.digest:
            found.add(uid)
    return frozenset(found)


def fine_tunings_of(stages: Sequence[Stage], measured: Callable[[FineTuning], bool]) -> FineTunings:
    """Which is which. `measured` tells whether a fine-tuning's network was evaluated after it."""
    found = _joined(stages, lambda a, b: a.frees == b.frees)
    frozen = [f for f in found if not f.last.frees]
    free = [f for f in found if f.last.frees]
    if frozen and free:
        begins = [f.stages[0] for f in free]
        apart = [f for f in frozen if not any(_goes_on(f.last, b) for b in begins)]
        # One that a training of everything goes on with may be its warm-up.
        return FineTunings(_chosen(apart or frozen, measured), _chosen(free, measured), found)
    # One kind only: a flag was forgotten in one of the exercises, or one was not done.
    found = _joined(stages, _same_settings)
    if len(found) < 2:
        only = found[0] if found else None
        return FineTunings(only if frozen else None, only if free else None, found)
    return FineTunings(found[0], _chosen(found[1:], measured), found)


def _chosen(some: Sequence[FineTuning], measured: Callable[[FineTuning], bool]) -> FineTuning:
    """Of several experiments: one that moved weights, was evaluated, trained most of the backbone,
    and came last."""
    return max(
        some,
        key=lambda f: (
            any(s.learnt for s in f.stages), measured(f), len(f.tensors), len(f.moved), f.end,
        ),
    )  # fmt: skip


def _joined(
    stages: Sequence[Stage], alike: Callable[[Stage, Stage], bool]
) -> tuple[FineTuning, ...]:
    """Runs that go on with one another, and are alike, as one."""
    groups: list[list[Stage]] = []
    for stage in stages:
        for group in reversed(groups):
            at_once = any(_in_turns(s, stage) for s in group)
            if at_once or (_goes_on(group[-1], stage) and alike(group[-1], stage)):
                group.append(stage)
                break
        else:
            groups.append([stage])
    return tuple(FineTuning(tuple(group)) for group in groups)


def _in_turns(earlier: Stage, later: Stage) -> bool:
    """Were two optimizers stepped in one loop? Their backward passes count for one of them."""
    a, b = earlier.trained.run, later.trained.run
    shared = {r.uid for r in a.reached} & {r.uid for r in b.reached}
    same = bool(shared) and a.cell == b.cell and a.model == b.model
    overlap = earlier.start < later.end and later.start < earlier.end
    return same and (overlap or a.steps > a.backwards or b.steps > b.backwards)


def _goes_on(earlier: Stage, later: Stage) -> bool:
    """Does a run begin with what another one learnt, in the same tensors or in copies?"""
    if not earlier.learnt or not later.trained.run.reached:
        mine = {r.uid for r in earlier.trained.run.reached}
        return bool(mine & {r.uid for r in later.trained.run.reached})
    ends = {r.end for r in earlier.trained.run.reached if r.uid in earlier.learnt}
    starts = {r.start for r in later.trained.run.reached}
    if ends & starts:
        return True
    shared = earlier.learnt & {r.uid for r in later.trained.run.reached}
    put_back = {r.start for r in earlier.trained.run.reached if r.uid in earlier.learnt} & starts
    return bool(shared) and not put_back


def _same_settings(earlier: Stage, later: Stage) -> bool:
    """Were both runs made with the same optimizer, rates and flags?"""
    a, b = earlier.trained.run, later.trained.run
    return (
        a.optimizer == b.optimizer
        and _peak(earlier) == _peak(later)
        and _flagged(earlier) == _flagged(later)
    )


def _peak(stage: Stage) -> float:
    return max((r for _step, rates in stage.trained.run.rates for r in rates), default=0.0)


def _flagged(stage: Stage) -> bool:
    """Was any kernel of the backbone free to move, as its flag says?"""
    return any(
        p.requires_grad
        for s in stage.trained.run.samples
        for p in s.parameters
        if p.uid in stage.kernels
    )

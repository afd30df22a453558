"""Were networks trained to give masks, do they differ, are they compared, is one good enough?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graders.analysis.pixel_nets import PixelRun, in_words, pixel_runs
from graders.analysis.reading import Reading
from graders.analysis.runs import trend
from graders.analysis.statement import Answer
from graders.evidence.model import FigureDrawn
from graders.language import _, ngettext

MARGIN = 0.005  # around a baseline: what a score loses by being rounded, or wins by chance
NAMES: Mapping[str, re.Pattern[str]] = {
    "iou": re.compile(r"iou|jaccard|intersec", re.IGNORECASE),
    "dice": re.compile(r"(?<![^\W_])(?:dice|f1)|s[oø]rensen", re.IGNORECASE),
    "accuracy": re.compile(
        r"(?<![^\W_])acc(?![^\W_])|accuracy|exactitud|acur[aá]cia|aciertos"
        r"|precisi[oó]n por p[ií]xel",
        re.IGNORECASE,
    ),
}
_APART = re.compile(r"val|test|prueba", re.IGNORECASE)
NEAR = 40  # characters before a number that say what it is
KEPT = 4  # architectures that are described


# -- trained --------------------------------------------------------------------------------
def trained(reading: Reading) -> Answer:
    """Whether a convolutional network that gives a mask for every pixel was trained."""
    runs = pixel_runs(reading)
    if not runs:
        unread = any(
            run.network is None and run.after is None and run.moved
            for _part, own in reading.whole.readings()
            for run in own.runs
        )
        words = _("no training of a network that gives an answer for every pixel was seen")
        return Answer(None if unread else False, words)
    best = max(runs, key=lambda r: (r.sure, trend(r.run.losses).fell or False, r.run.run.steps))
    course = trend(best.run.losses)
    words = _("{network}: loss {first:.4g} → {last:.4g}").format(
        network=in_words(best.network), first=course.first, last=course.last
    )
    if not best.sure:
        words += "; " + _("a person must say whether its answer is a mask")
        return Answer(None, words, (best.cell,))
    return Answer(course.fell, words, (best.cell,))


# -- different ------------------------------------------------------------------------------
def differ(reading: Reading, minimum: int) -> Answer:
    """Whether so many networks with different layers, filters or kernels were trained."""
    runs = pixel_runs(reading)
    kinds = _first_of_each(runs)
    cells = tuple(dict.fromkeys(run.cell for run in kinds))
    said = "; ".join(in_words(run.network) for run in kinds[:KEPT])
    words = ngettext(
        "{n} architecture was trained: {said}", "{n} architectures were trained: {said}", len(kinds)
    ).format(n=len(kinds), said=said or "-")
    if len(kinds) >= minimum:
        return Answer(True, words, cells)
    rectified = {(run.form, run.rectified) for run in runs}
    if len(rectified) >= minimum:
        return Answer(None, words + "; " + _("others differ in their activations only"), cells)
    return Answer(False, words, cells)


def _first_of_each(runs: Sequence[PixelRun]) -> list[PixelRun]:
    found: dict[object, PixelRun] = {}
    for run in runs:
        found.setdefault(run.form, run)
    return list(found.values())


# -- better ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Score:
    """A score that the notebook shows or keeps. `sure` is False when its digits stand in the
    source, or when nothing beside it says what it is; `apart` when it is of other images."""

    metric: str
    value: float
    cell: int
    sure: bool = True
    apart: bool = False


def better(reading: Reading, baselines: Mapping[str, float], example: bool) -> Answer:
    """Whether the best score of any network lies above the baseline of its metric. With baselines
    that are an example nothing is too low."""
    scores = list(_scores(reading))
    computed = [score for score in scores if score.sure]
    if not computed:
        if scores or _charts(reading) or _pictures_after(reading):
            words = _("no score was seen that the notebook computed and shows")
            return Answer(None, words, tuple(s.cell for s in scores[:1]))
        return Answer(False, _("no score of the masks is shown: no IoU, Dice or accuracy"))
    best = {
        metric: max((s for s in computed if s.metric == metric), key=lambda s: (s.apart, s.value))
        for metric in sorted({s.metric for s in computed})
    }
    words = ", ".join(f"{s.metric} {s.value:.4f}" for s in best.values())
    cells = tuple(s.cell for s in best.values())
    if not _evaluated(reading):
        words += "; " + _("no evaluation of such a network was seen that it could come from")
        return Answer(None, words, cells)
    known = {
        metric: s.value - baselines[metric] for metric, s in best.items() if metric in baselines
    }
    if not known:
        words += "; " + _("the rubric has no baseline of this metric")
        return Answer(None, words, cells)
    lines = ", ".join(f"{metric} {baselines[metric]:g}" for metric in known)
    words += "; " + _("the baseline is {lines}").format(lines=lines)
    if example:
        words += ", " + _("which is only an example: a teacher has to give the real one")
    if max(known.values()) > MARGIN:
        return Answer(True, words, cells)
    if example:
        return Answer(None, words, cells)
    near = max(known.values()) > -MARGIN
    return Answer(None if near else False, words, cells)


def _scores(reading: Reading) -> Iterator[Score]:
    """Scores of a share from the first training of such a network on, shown or in variables."""
    begins: dict[str, int] = {}
    for run in pixel_runs(reading):
        begins.setdefault(run.part, run.run.run.cell)
    for part, own in reading.whole.readings():
        if part not in begins:
            continue
        first = own.cell(begins[part])
        around = {
            cell.index: "\n".join([cell.source, *(output.text for output in cell.outputs)])
            for cell in own.evidence.run.cells
        }
        for number in own.shown:
            if number.cell < first:
                continue
            words = number.words[-NEAR:].rpartition("\n")[2]
            metric = _metric(words) or _metric(number.line)
            named = bool(metric)
            metric = metric or _metric(around.get(number.cell, ""))
            value = number.value / 100 if number.percent or number.value > 1 else number.value
            if metric and 0 <= value <= 1:
                sure = named and not number.literal and not number.typed
                at = reading.whole.cell(part, number.cell)
                yield Score(metric, value, at, sure, _APART.search(words) is not None)
        for cell, name, value in own.held:
            metric = _metric(name)
            if metric and cell >= begins[part] and 0 <= value < 1:
                at = reading.whole.cell(part, own.cell(cell))
                yield Score(metric, value, at, True, _APART.search(name) is not None)


def _evaluated(reading: Reading) -> bool:
    """Was one of the networks asked without gradients, or is that not known of any?"""
    runs = pixel_runs(reading)
    models = {(run.part, run.run.run.model) for run in runs}
    asked = any(
        (run.part, seen.model) in models and not seen.grad
        for run in runs
        for seen in run.reading.evidence.passes
    )
    return asked or all(model is None for _part, model in models)


def _metric(words: str) -> str:
    """The metric that is named last."""
    last, at = "", -1
    for metric, name in NAMES.items():
        for match in name.finditer(words):
            if match.start() > at:
                last, at = metric, match.start()
    return last


# -- compared -------------------------------------------------------------------------------
def plotted(reading: Reading) -> Answer:
    """Whether a figure was drawn that shows all architectures together, after the last one."""
    kinds = _first_of_each(pixel_runs(reading))
    some = False
    for part in dict.fromkeys(run.part for run in kinds):
        own = reading.whole[part]
        last = max(run.run.run.moment for run in kinds if run.part == part)
        drawn = own.evidence.figures
        before = {figure.axes for figure in drawn if figure.moment < last}
        for figure in drawn:
            if figure.moment < last:
                continue
            some |= any(axes.lines or axes.bars or axes.points for axes in figure.axes)
            if _shows(figure, len(kinds)) and figure.axes not in before:
                words = _("a figure shows {n} architectures or more together")
                cell = reading.whole.cell(part, own.cell(figure.cell))
                return Answer(True, words.format(n=len(kinds)), (cell,))
    if some:
        return Answer(None, _("figures were drawn, but none shows as many lines, bars or points"))
    if _pictures_after(reading) or reading.whole.illegible:
        return Answer(None, _("there are pictures, and what they show is not known"))
    return Answer(False, _("no figure was drawn after the last network was trained"))


def _shows(figure: FigureDrawn, many: int) -> bool:
    """Are there so many lines, bars or points on one pair of axes, or so many axes with lines?"""
    if sum(bool(axes.lines) for axes in figure.axes) >= many:
        return True
    return any(
        len(axes.lines) >= many
        or axes.bars >= many
        or sum(axes.points) >= many
        or many in axes.lines
        for axes in figure.axes
    )


def _charts(reading: Reading) -> bool:
    """Was anything but images drawn after a training? A figure may show the scores."""
    return any(
        figure.moment > run.run.run.moment
        and any(a.lines or a.bars or a.points for a in figure.axes)
        for run in pixel_runs(reading)
        for figure in run.reading.evidence.figures
    )


def _pictures_after(reading: Reading) -> bool:
    """Pictures of another library than Matplotlib, or pages with drawings, after a training."""
    runs = pixel_runs(reading)
    for part in dict.fromkeys(run.part for run in runs):
        own = reading.whole[part]
        last = max(own.cell(r.run.run.cell) for r in runs if r.part == part)
        noted = {own.cell(figure.cell) for figure in own.evidence.figures}
        for cell in own.evidence.run.cells:
            shown = any(output.picture or "<script" in output.html for output in cell.outputs)
            if cell.index >= last and cell.index not in noted and shown:
                return True
    return False

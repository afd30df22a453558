"""One submission's evidence, understood. What the checks ask is answered here, once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from graders.analysis.answers import Answers
from graders.analysis.asking import answers
from graders.analysis.backbone import Feeding
from graders.analysis.conv_nets import ConvNet, contents_of, conv_nets, the_network
from graders.analysis.evaluations import (
    Evaluation,
    MetricCall,
    evaluations_of,
    metric_calls,
)
from graders.analysis.fine_tunings import FineTuning, FineTunings, fine_tunings_of, stages_of
from graders.analysis.image_evaluations import ImageEvaluation, image_evaluations
from graders.analysis.image_passes import PassBook
from graders.analysis.image_places import ImageBook
from graders.analysis.network_copies import Loaded, best_loaded
from graders.analysis.pretrained import Pretrained
from graders.analysis.shown import ShownNumber, shown_numbers, typed_numbers
from graders.analysis.whole import OTHERS, Whole
from graders.evidence.questions import Answer, Question

Array = NDArray[Any]


class Reading(Answers):
    """What the evidence of one submission means: networks and runs (`Trainings`), what they compute
    (`Answers`), and here what was measured and shown, and whether it may be believed."""

    unchanged: frozenset[str] = frozenset()  # ids of handed-out cells that are as they were

    @cached_property
    def whole(self) -> Whole:
        """All that the submission holds. Only these notebooks, unless it was set: a check of a
        criterion about a handed-out notebook has no more."""
        return Whole({OTHERS: lambda: self})

    @cached_property
    def conv_nets(self) -> tuple[ConvNet, ...]:
        """Networks with convolutions over pictures, in order."""
        return conv_nets(self.evidence, self.blobs)

    @cached_property
    def conv_net(self) -> ConvNet | None:
        """The one that the exercises are about: it holds the pretrained weights, or is largest."""
        return the_network(self.conv_nets, self.pretrained, contents_of(self.evidence))

    @cached_property
    def loaded(self) -> Loaded | None:
        """The network when it held most of the pretrained weights; None without a file of them.
        Raises WeightsFileError."""
        book = self.pretrained
        return best_loaded(self.conv_nets, book, self.evidence) if book is not None else None

    @cached_property
    def fine_tunings(self) -> FineTunings:
        """The fine-tuning of the pretrained network with the backbone frozen, and without."""
        from graders.analysis.tuned_images import of_old_task  # reads readings

        feeding = Feeding(self.evidence.passes, self.evidence.graphs, self.lineage, self.blobs)
        held = self.pretrained.pretrained if self.pretrained is not None else Pretrained({})
        runs = [r for r in self.runs if not of_old_task(self, r)]
        stages = stages_of(runs, feeding.backbone_of, self.lineage, held)
        return fine_tunings_of(stages, self._measured)

    def _measured(self, tuning: FineTuning) -> bool:
        """Was the network of a fine-tuning called on rows without gradients after it?"""
        model = tuning.last.trained.run.model
        return any(p.model == model and p.moment > tuning.end for p in self.evidence.passes)

    @cached_property
    def evaluations(self) -> tuple[Evaluation, ...]:
        return evaluations_of(self.evidence, self.blobs, self.tables, self.row_book)

    @cached_property
    def image_book(self) -> ImageBook:
        """Recognises the images of the teacher's sets."""
        return ImageBook(self.images)

    @cached_property
    def pass_book(self) -> PassBook:
        """Which image is behind each row of each forward pass."""
        return PassBook(self.evidence, self.blobs, self.image_book)

    @cached_property
    def image_evaluations(self) -> tuple[ImageEvaluation, ...]:
        """Passes over images of a set's test part, with their true labels."""
        return image_evaluations(self.blobs, self.images, self.pass_book)

    @cached_property
    def metric_calls(self) -> tuple[MetricCall, ...]:
        return metric_calls(self.evidence, self.blobs)

    @cached_property
    def shown(self) -> tuple[ShownNumber, ...]:
        """Numbers shown in outputs, in order of the cells."""
        cells = self.evidence.run.cells
        typed = typed_numbers(cells)
        return tuple(n for c in cells for n in shown_numbers(c, typed))

    def shown_in(self, cell: int) -> tuple[ShownNumber, ...]:
        """Numbers shown by one cell (its position in the executed notebook)."""
        return tuple(n for n in self.shown if n.cell == cell)

    @cached_property
    def held(self) -> tuple[tuple[int, str, float], ...]:
        """(cell, variable, number) of numbers kept in variables."""
        return tuple(
            (e.cell, name, value) for e in self.evidence.numbers for name, value in e.values.items()
        )

    def ask(self, *questions: Question) -> tuple[Answer, ...]:
        """What the notebook answered when it had run; UNASKED for what was not put to it."""
        return answers(self.evidence.asked, self.blobs, questions)

    @cached_property
    def doubts(self) -> tuple[Any, ...]:
        """What speaks against believing what was seen."""
        from graders.analysis.trust import doubts  # trust reads readings

        return doubts(self)

    def doubt(self, theme: str) -> str:
        """Why checks of this theme cannot be told from what was seen, here or in any other part of
        the whole; "" when they can."""
        from graders.analysis.trust import doubt_of

        others = (reading for _part, reading in self.whole.readings() if reading is not self)
        for reading in (self, *others):
            found = doubt_of(reading, theme)
            if found is not None:
                return found.message
        return ""

    def flags(self) -> tuple[Any, ...]:
        """What a person should know that costs nothing by itself: id, message, cells."""
        from graders.analysis.noticed import noticed  # noticed reads readings

        return (*self.doubts, *noticed(self))

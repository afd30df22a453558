"""Where are the pretrained tensors in what a run trains: in its network, or in passes before it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.lineage import Lineage
from graders.analysis.network import Network
from graders.analysis.runs import TrainedRun
from graders.evidence.model import ForwardPass, Graph
from graders.evidence.reading import Blobs

Array = NDArray[Any]
FEW = 3  # rows that are another's answers, number by number, are no accident
LONGEST = 40  # passes in a row, each over what the one before it answered
MARK = 8  # numbers of a row that the probe notes


@dataclass(frozen=True)
class Backbone:
    """The pretrained tensors behind the answers that a run trains.

    `tensors` are their identities by key of the weights file; `networks` compute with them, each
    from what the one before it answered. `passes` are the forward passes that computed features
    apart from what the run differentiates, none when it is one network. `sure` when it is known
    that those passes made what the run was given, and how.
    """

    tensors: Mapping[str, int]
    networks: tuple[Network, ...] = ()
    passes: tuple[ForwardPass, ...] = ()
    sure: bool = True

    @property
    def apart(self) -> bool:
        return bool(self.passes)


class Feeding:
    """Finds what fed each run among a submission's passes."""

    def __init__(
        self,
        passes: Sequence[ForwardPass],
        graphs: Sequence[Graph],
        lineage: Lineage,
        blobs: Blobs,
    ) -> None:
        self._passes = sorted(passes, key=lambda p: p.moment)
        self._graphs = [
            g for g in graphs if g.why == "forward" and not g.error and not g.guessed and g.nodes
        ]
        self._networks: dict[int, Network] = {}  # by place of the graph
        self._lineage, self._blobs = lineage, blobs

    def backbone_of(self, run: TrainedRun) -> Backbone:
        """The run's own network when it holds pretrained tensors; else the passes before it."""
        network = run.network
        value = network.output if network is not None else None
        if network is None or value is None:
            return Backbone({})
        own = self._lineage.in_network(network, network.ancestors(value))
        before = [
            p for p in self._passes if p.moment < run.run.last_moment and p.model != run.run.model
        ]
        form = network.shape(network.inputs[0])[1:] if network.inputs else ()
        given = self._rows(run.run.inputs)
        chain = self._chain(given, before) if given is not None else []
        fed = Backbone({})
        if chain:
            fed = self._along(chain, form, sure=True)
        elif form and not self._lineage.has_kernels(own):
            fed = self._by_form(form, before)
            if not fed.tensors and self._lineage.reads(int(np.prod(form))):
                # Features, as it seems, computed by functions that nobody saw.
                fed = Backbone(self._lineage.held_at(run.run.moment), sure=False)
        if own:
            networks = (*fed.networks, network)
            return replace(fed, tensors={**fed.tensors, **own}, networks=networks)
        return fed

    # -- known by what they answered -------------------------------------------------------
    def _chain(self, given: Array, before: Sequence[ForwardPass]) -> list[ForwardPass]:
        """Passes of which the last one answered these rows, and each was given what the one
        before it answered; in order."""
        found: list[ForwardPass] = []
        networks = 0
        while networks < LONGEST:
            networks += 1
            fed = self._fed_by(before, given)
            if not fed:
                break
            found[:0] = fed
            before = [p for p in before if p.model != fed[0].model]
            earlier = [self._rows(p.given_marks or p.inputs) for p in fed]
            known = [rows for rows in earlier if rows is not None]
            if len({rows.shape[1] for rows in known}) != 1:
                break
            given = np.concatenate(known)
        return found

    def _fed_by(self, before: Sequence[ForwardPass], given: Array) -> list[ForwardPass]:
        """The passes of one model that answered these rows, or some of them: of many passes only
        the first and the last ones are kept."""
        wanted = {row.tobytes() for row in given}
        for model in dict.fromkeys(p.model for p in reversed(before)):
            fed, rows = [], 0
            for seen in before:
                made = self._answers(seen) if seen.model == model else None
                if made is None or made.shape[1] != given.shape[1]:
                    continue
                same = sum(row.tobytes() in wanted for row in made)
                if same:
                    fed.append(seen)
                    rows += same
            if rows >= min(FEW, len(wanted)) > 0:
                return fed
        return []

    def _answers(self, seen: ForwardPass) -> Array | None:
        return self._rows(seen.marks or seen.outputs)

    def _rows(self, digest: str | None) -> Array | None:
        """A few numbers of each row; None when they were not kept."""
        if digest is None or not self._blobs.has(digest):
            return None
        rows = self._blobs.load(digest)
        if rows.ndim < 2:
            return None
        flat = rows.reshape(len(rows), -1)
        places = np.linspace(0, flat.shape[1] - 1, min(MARK, flat.shape[1])).astype(int)
        return flat[:, places].astype(np.float32)

    def _along(
        self, chain: Sequence[ForwardPass], form: tuple[int, ...], *, sure: bool
    ) -> Backbone:
        """What the passes of a chain computed with, up to its last one's answer of this form."""
        tensors: dict[str, int] = {}
        networks: list[Network] = []
        last = {p.model: p for p in chain}  # in order
        for seen in last.values():
            network = self._network(seen)
            if network is None:
                tensors |= self._lineage.in_model(seen.model, seen.moment)
                sure = False
                continue
            value = network.output
            if seen.model == chain[-1].model:
                value = _value_of_form(network, form) or value
            if value is not None:
                tensors |= self._lineage.in_network(network, network.ancestors(value) | {value})
                networks.append(network)
        return Backbone(tensors, tuple(networks), tuple(chain), sure)

    # -- known by their form ---------------------------------------------------------------
    def _by_form(self, form: tuple[int, ...], before: Sequence[ForwardPass]) -> Backbone:
        """The last pass of which something has the form of the run's inputs. It is the one when
        nothing says that its answers were others, and no other would do as well."""
        found: list[Backbone] = []
        for seen in reversed(before):
            network = self._network(seen)
            value = _value_of_form(network, form) if network is not None else None
            held = self._lineage.in_model(seen.model, seen.moment)
            if held and network is not None and value is not None:
                other = value == network.output and self._answers(seen) is not None
                found.append(self._along([seen], form, sure=not other))
            elif held and network is None:
                found.append(Backbone(held, (), (seen,), sure=False))
        if not found:
            return Backbone({})
        alike = all(b.sure and b.tensors.keys() == found[0].tensors.keys() for b in found)
        return replace(found[0], sure=alike)

    def _network(self, seen: ForwardPass) -> Network | None:
        """The network of a pass, as it was drawn next."""
        same = [n for n, g in enumerate(self._graphs) if g.model == seen.model]
        after = [n for n in same if self._graphs[n].moment >= seen.moment]
        if not same:
            return None
        place = (after or same[-1:])[0]
        if place not in self._networks:
            self._networks[place] = Network(self._graphs[place], self._blobs)
        return self._networks[place]


def _value_of_form(network: Network, form: tuple[int, ...]) -> int | None:
    """The last value of a network whose rows have this form, or else as many numbers."""
    size = int(np.prod(form))
    found = [
        v
        for v in sorted(network.alive, key=lambda v: network.producer.get(v, -1))
        if len(network.shape(v)) > 1 and int(np.prod(network.shape(v)[1:])) == size
    ]
    exact = [v for v in found if network.shape(v)[1:] == form]
    return next(reversed(exact or found), None)

"""Runs cells in a real kernel with the probe, and reads what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from graders import evidence, runner
from graders.evidence import Evidence
from graders.evidence.model import ForwardPass, Graph
from graders.intake.submission import Submission
from graders.rubric.model import Run
from graders.sandbox import choose


class Seen:
    """The evidence of a notebook whose cells have names."""

    def __init__(self, cells: dict[str, str], root: Path, out: Path) -> None:
        self.names, self.folder = list(cells), out
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells.values()]
        )
        nbformat.write(notebook, root / "a.ipynb")
        submission = Submission(id="a", root=root, notebooks=(Path("a.ipynb"),))
        runner.run(submission, Run(), {}, out, choose("none"))
        self.evidence: Evidence = evidence.read(out)

    def uid(self, name: str) -> int:
        """The model in a variable of this name."""
        return next(m.uid for m in self.evidence.models if name in m.names)

    def passes(self, cell: str) -> list[ForwardPass]:
        return [p for p in self.evidence.passes if p.cell == self.names.index(cell)]

    def graph(self, name: str, cell: str = "") -> Graph:
        """The last graph drawn of a model (in a cell)."""
        found = [g for g in self.evidence.graphs if g.model == self.uid(name)]
        found = [g for g in found if g.why == "forward"]
        return [g for g in found if not cell or g.cell == self.names.index(cell)][-1]

    def printed(self, cell: str) -> str:
        record = next(
            c for c in self.evidence.run.cells if c.executed and c.index == self.names.index(cell)
        )
        return "".join(o.text for o in record.outputs)


def ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def said(graph: Graph, op: str) -> list[dict[str, Any]]:
    """What nodes of this operation were made with."""
    return [dict(node.named) for node in graph.nodes if node.op == op]

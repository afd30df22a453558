"""Who needs to see that a rubric is proven? A matrix in the terminal, a page, and JUnit for CI."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree

from rich.table import Table
from rich.text import Text

from graders.batch.chaffs import Proof
from graders.batch.surprises import proven
from graders.batch.validate import Validation
from graders.language import _, current
from graders.scoring.result import VerdictKind

_SIGN = {
    VerdictKind.MET: "·",
    VerdictKind.VIOLATED: "✗",
    VerdictKind.UNDECIDED: "?",
    VerdictKind.NOT_ASSESSED: "–",
}


def criteria(validation: Validation) -> list[str]:
    """The criteria that are to be proven, in the rubric's order."""
    return proven(validation.rubric)


def rows(validation: Validation) -> list[tuple[Proof, list[tuple[str, str]]]]:
    """For each wheat and chaff, a (sign, state) for each criterion.

    States: `plain`, `broken` (violated, as planted), `allowed` (a consequence), `surprise`.
    """
    wrong = {(s.proof, s.criterion) for s in validation.surprises}
    table = []
    for proof in validation.proofs:
        verdicts = validation.judged[proof.name].verdicts
        cells = []
        for criterion in criteria(validation):
            kind = verdicts[criterion].verdict
            state = "plain" if kind is VerdictKind.MET else "allowed"
            if criterion in proof.breaks:
                state = "broken"
            if (proof.name, criterion) in wrong:
                state = "surprise"
            cells.append((_SIGN[kind], state))
        table.append((proof, cells))
    return table


def matrix(validation: Validation) -> Table:
    """Wheats and chaffs by criterion; the criteria are numbered as in `legend`."""
    styles = {"plain": "dim", "broken": "green", "allowed": "yellow", "surprise": "bold red"}
    shown = Table(
        title=f"{validation.rubric.assignment}: " + _("wheats and chaffs by criterion"),
        box=None,
        padding=0,
    )
    shown.add_column("", no_wrap=True, min_width=36)
    for number in range(1, len(criteria(validation)) + 1):
        shown.add_column("\n".join(f"{number:2}"), no_wrap=True)
    for proof, cells in rows(validation):
        style = "bold" if proof.is_wheat else ""
        signs = (Text(sign, style=styles[state]) for sign, state in cells)
        shown.add_row(Text(proof.name, style=style), *signs)
    return shown


def legend(validation: Validation) -> str:
    """Which number is which criterion, in two columns."""
    names = [f"{n:2} {criterion}" for n, criterion in enumerate(criteria(validation), 1)]
    half = -(-len(names) // 2)
    pairs = zip_longest(names[:half], names[half:], fillvalue="")
    return "\n".join(f"{left:<36} {right}".rstrip() for left, right in pairs)


def write_page(validation: Validation, path: Path) -> None:
    """A self-contained page with the matrix and what was not as expected."""
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True)
    page = environment.get_template("validation.html").render(
        _=_,
        language=current(),
        rubric=validation.rubric,
        criteria=criteria(validation),
        rows=rows(validation),
        surprises=validation.surprises,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")


def write_junit(validation: Validation, path: Path) -> None:
    """One test for each wheat and chaff, and one for each criterion: is it proven?"""
    assignment = validation.rubric.assignment
    faults: dict[str, list[str]] = {}
    for surprise in validation.surprises:
        faults.setdefault(surprise.proof or surprise.criterion, []).append(
            f"{surprise.criterion}: {surprise.sentence}"
        )
    names = [proof.name for proof in validation.proofs]
    names += criteria(validation)
    suite = ElementTree.Element(
        "testsuite",
        name=f"validate {assignment}",
        tests=str(len(names)),
        failures=str(len(faults)),
        errors="0",
    )
    for name in names:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"validate.{assignment}", name=name
        )
        if name in faults:
            failure = ElementTree.SubElement(case, "failure", message=_printable(faults[name][0]))
            failure.text = _printable("\n".join(faults[name]))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)

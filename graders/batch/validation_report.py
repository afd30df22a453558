"""Who needs to see that a rubric is proven? A matrix in the terminal, a page, and JUnit for CI."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from rich.table import Table
from rich.text import Text

from graders.batch.validate import Validation
from graders.language import _, current
from graders.scoring.result import VerdictKind

_SIGN = {
    VerdictKind.MET: "·",
    VerdictKind.VIOLATED: "✗",
    VerdictKind.UNDECIDED: "?",
    VerdictKind.NOT_ASSESSED: "–",
}


def rows(validation: Validation) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each criterion that is not manual: a (sign, state) for each proof.

    States: `plain`, `broken` (violated, as planted), `allowed` (a consequence), `surprise`.
    """
    wrong = {(s.proof, s.criterion) for s in validation.surprises}
    table = []
    for exercise in validation.rubric.exercises:
        for criterion in exercise.criteria:
            if criterion.manual:
                continue
            cells = []
            for proof in validation.proofs:
                kind = validation.judged[proof.name].verdicts[criterion.id].verdict
                state = "plain" if kind is VerdictKind.MET else "allowed"
                if criterion.id in proof.breaks:
                    state = "broken"
                if (proof.name, criterion.id) in wrong:
                    state = "surprise"
                cells.append((_SIGN[kind], state))
            table.append((criterion.id, cells))
    return table


def matrix(validation: Validation) -> Table:
    """Criterion by wheat and chaff; columns are numbered, their names stand below."""
    styles = {"plain": "dim", "broken": "green", "allowed": "yellow", "surprise": "bold red"}
    names = [f"{n} {p.name}" for n, p in enumerate(validation.proofs, 1)]
    shown = Table(
        title=f"{validation.rubric.assignment}: " + _("criteria by wheat and chaff"),
        caption="\n".join(names),
        caption_justify="left",
        padding=(0, 0),
    )
    shown.add_column(_("Criterion"), no_wrap=True)
    for number in range(1, len(names) + 1):
        shown.add_column(str(number), justify="center", no_wrap=True)
    for criterion, cells in rows(validation):
        shown.add_row(criterion, *(Text(sign, style=styles[state]) for sign, state in cells))
    return shown


def write_page(validation: Validation, path: Path) -> None:
    """A self-contained page with the matrix and what was not as expected."""
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True)
    page = environment.get_template("validation.html").render(
        _=_,
        language=current(),
        rubric=validation.rubric,
        proofs=validation.proofs,
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
    names += [criterion for criterion, _cells in rows(validation)]
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

"""What does a CI server read? JUnit XML: a suite for each submission, a case for each criterion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from graders.export.writing import write_whole
from graders.scoring.late import taken
from graders.scoring.result import CriterionResult, Lateness, Result, Status, VerdictKind

_ILLEGAL = re.compile(  # what XML 1.0 has no way to write, not even escaped
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def write_junit(results: Sequence[Result], path: Path) -> None:
    """Write `results.junit.xml` in one step. Raises OSError when it cannot be written.

    Violated is a failure, undecided and not assessed are skipped, a fault of the grader is an
    error. A submission that could not be run has one case that says so. When it was handed in, and
    what lateness takes, are properties of the suite.
    """
    root = Xml.Element("testsuites", name="corrige")
    for result in results:
        root.append(_suite(result))
    _count(root)
    Xml.indent(root)
    write_whole(path, Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def legal(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def _suite(result: Result) -> Xml.Element:
    suite = Xml.Element("testsuite", name=legal(f"{result.assignment}.{result.submission}"))
    if result.late is not None:
        suite.append(_late(result.late))
    if result.problem or result.status in (Status.NOT_RUNNABLE, Status.NOT_RECEIVED):
        suite.append(_whole(result))
    if result.status not in (Status.NOT_RUNNABLE, Status.NOT_RECEIVED):
        for exercise in result.exercises:
            where = f"{result.assignment}.{exercise.id}"
            suite.extend(_case(criterion, where) for criterion in exercise.criteria)
    _count(suite)
    return suite


def _late(late: Lateness) -> Xml.Element:
    properties = Xml.Element("properties")
    said = {
        "delivered": late.delivered.isoformat(),
        "delivered_by": late.source,
        "late_days": str(late.days),
        "late_points": f"{taken(late):f}",
    }
    for name, value in said.items():
        Xml.SubElement(properties, "property", name=name, value=value)
    return properties


def _whole(result: Result) -> Xml.Element:
    case = Xml.Element("testcase", classname=legal(result.assignment), name="submission")
    kind = {Status.NOT_RUNNABLE: "failure", Status.NEEDS_REVIEW: "error"}.get(
        result.status, "skipped"
    )
    _answer(case, kind, result.status.value, result.problem)
    return case


def _case(criterion: CriterionResult, where: str) -> Xml.Element:
    case = Xml.Element("testcase", classname=legal(where), name=legal(criterion.id))
    if criterion.grader_fault:
        kind = "error"
    elif criterion.verdict is VerdictKind.MET:
        return case
    elif criterion.verdict is VerdictKind.VIOLATED:
        kind = "failure"
    else:
        kind = "skipped"
    said = criterion.message or criterion.text
    rest = [text for text in (criterion.expected, criterion.observed) if text]
    _answer(case, kind, criterion.verdict.value, said, "\n".join(rest))
    return case


def _answer(case: Xml.Element, kind: str, name: str, message: str, rest: str = "") -> None:
    answer = Xml.SubElement(case, kind, message=legal(message or name))
    if kind != "skipped":
        answer.set("type", name)
    if rest:
        answer.text = legal(rest)


def _count(element: Xml.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for attribute, tag in _COUNTED.items():
        element.set(attribute, str(len(element.findall(f".//{tag}"))))

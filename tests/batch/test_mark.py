import sys
import types
from decimal import Decimal

import pytest

from graders.batch.mark import mark, resolve
from graders.checks.outcome import Finding, Undecided, Violated
from graders.rubric.model import Criterion, Exercise, Rubric, Text
from graders.scoring.result import VerdictKind


def words(text):
    return Text(es=f"{text} (es)", en=text)


def rubric(*criteria):
    exercise = Exercise(id="e1", title=words("One"), points=Decimal(1), criteria=criteria)
    return Rubric(assignment="p", title=words("P"), exercises=(exercise,))


def criterion(name, **rest):
    return Criterion(id=f"e1.{name}", text=words(name), check=f"mine.{name}", **rest)


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    module = types.ModuleType("graders.checks.mine")

    def good(student):
        return Finding("Good.")

    def silent(student):
        return None

    def bad(student, least=2):
        raise Violated(Finding("Bad.", f"{least}", "1", (3, 4)))

    def unclear(student):
        raise Undecided(Finding("Unclear."))

    def failing(student):
        raise ZeroDivisionError("a defect of ours")

    def _hidden(student):
        return None

    for function in (good, silent, bad, unclear, failing, _hidden):
        function.__module__ = module.__name__
        setattr(module, function.__name__, function)
    module.borrowed = rubric  # defined elsewhere
    monkeypatch.setitem(sys.modules, module.__name__, module)


class Seen:
    """Stands in for a reading: what speaks against believing it."""

    def __init__(self, doubt=""):
        self._doubt = doubt

    def doubt(self, theme):
        if self._doubt == "fails":
            raise ZeroDivisionError("a defect of ours")
        return self._doubt if theme == "mine" else ""


def test_what_rests_on_doubtful_evidence_is_undecided():
    asked = rubric(criterion("good"), criterion("bad"))
    found = mark(Seen("The log was forged."), asked, language="en")
    assert {v.verdict for v in found.values()} == {VerdictKind.UNDECIDED}
    assert found["e1.good"].message == "The log was forged. Good."
    assert not found["e1.good"].grader_fault


def test_what_cannot_be_doubted_for_a_defect_of_ours_is_not_met(tmp_path):
    found = mark(Seen("fails"), rubric(criterion("good")), language="en", log=tmp_path / "log")
    assert found["e1.good"].verdict is VerdictKind.UNDECIDED
    assert found["e1.good"].grader_fault


def test_each_outcome_becomes_its_verdict(tmp_path):
    asked = rubric(
        criterion("good"),
        criterion("silent"),
        criterion("bad", params={"least": 5}),
        criterion("unclear"),
    )
    found = mark(Seen(), asked, language="en", log=tmp_path / "log")
    kinds = {name: verdict.verdict.value for name, verdict in found.items()}
    assert kinds == {
        "e1.good": "met",
        "e1.silent": "met",
        "e1.bad": "violated",
        "e1.unclear": "undecided",
    }
    bad = found["e1.bad"]
    assert (bad.message, bad.expected, bad.observed, bad.cells) == ("Bad.", "5", "1", (3, 4))
    assert not found["e1.unclear"].grader_fault
    assert not (tmp_path / "log").exists()


def test_a_failing_check_is_our_fault_and_logged(tmp_path):
    found = mark(Seen(), rubric(criterion("failing")), language="en", log=tmp_path / "log")
    verdict = found["e1.failing"]
    assert verdict.verdict is VerdictKind.UNDECIDED
    assert verdict.grader_fault
    assert "ZeroDivisionError" not in verdict.message
    assert "a defect of ours" in (tmp_path / "log").read_text()


def test_what_needs_a_violated_one_is_not_assessed_whatever_the_order():
    asked = rubric(
        criterion("good", needs=("e1.silent",)), criterion("silent", needs=("e1.bad",)),
        criterion("bad"),
    )  # fmt: skip
    found = mark(Seen(), asked, language="en")
    assert found["e1.silent"].verdict is VerdictKind.NOT_ASSESSED
    assert found["e1.good"].verdict is VerdictKind.NOT_ASSESSED
    assert "bad" in found["e1.silent"].message


def test_a_person_marks_the_manual_ones():
    asked = rubric(Criterion(id="e1.explained", text=words("Explained"), manual=True))
    verdict = mark(Seen(), asked, language="en")["e1.explained"]
    assert verdict.verdict is VerdictKind.UNDECIDED
    assert not verdict.grader_fault


def test_what_a_cut_run_did_not_show_is_undecided():
    asked = rubric(criterion("good"), criterion("bad"))
    found = mark(Seen(), asked, language="en", cut_short="The time was spent.")
    assert found["e1.good"].verdict is VerdictKind.MET
    assert found["e1.bad"].verdict is VerdictKind.UNDECIDED
    assert found["e1.bad"].message == "The time was spent. Bad."


@pytest.mark.parametrize(
    "name", ["mine.nothing", "mine._hidden", "mine.borrowed", "none.good", "outcome", "..good"]
)
def test_only_checks_are_resolved(name):
    with pytest.raises(LookupError):
        resolve(name)

from xml.etree import ElementTree as Xml

from graders.export import write_junit
from graders.export.junit import legal
from graders.scoring.result import Status


def suites(path):
    root = Xml.parse(path).getroot()
    assert root.tag == "testsuites"
    return list(root)


def outcome(case):
    return case[0].tag if len(case) else "passed"


def test_a_suite_for_each_submission_and_a_case_for_each_criterion(tmp_path, make, unrunnable):
    path = tmp_path / "results.junit.xml"
    write_junit([make(), unrunnable], path)
    first, second = suites(path)
    assert first.get("name") == "p3.grupo-01"
    assert {case.get("name"): outcome(case) for case in first} == {
        "e1.a": "passed",
        "e1.b": "failure",
        "e2.a": "skipped",
        "e2.b": "skipped",
        "e2.c": "error",
    }
    counts = {name: first.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}
    (case,) = second
    assert (outcome(case), case[0].get("message")) == ("failure", "No es un cuaderno.")
    assert Xml.parse(path).getroot().get("tests") == "6"


def test_a_failure_says_what_was_expected_and_observed(tmp_path, make):
    path = tmp_path / "r.xml"
    write_junit([make()], path)
    failure = suites(path)[0].find("testcase/failure")
    assert failure.get("message") == "No está."
    assert failure.get("type") == "violated"
    assert failure.text == "2\n1"


def test_what_was_not_handed_in_is_skipped_and_a_fault_of_ours_an_error(tmp_path, make):
    path = tmp_path / "r.xml"
    missing = make(status=Status.NOT_RECEIVED, exercises=())
    ours = make(status=Status.NEEDS_REVIEW, exercises=(), problem="The worker died twice.")
    write_junit([missing, ours], path)
    assert [outcome(suite[0]) for suite in suites(path)] == ["skipped", "error"]


def test_hostile_text_is_legal_xml(tmp_path, make):
    path = tmp_path / "r.xml"
    name = "\x00\x1b]]><script>&\"'\ufffe\u202e\n" + "ñ" * 300
    result = make(name, problem=name, students=(name,))
    write_junit([result], path)
    (suite,) = suites(path)
    assert "<script>" in suite.get("name")
    assert "\x00" not in path.read_text("utf-8")


def test_illegal_characters():
    assert legal("a\x00b\x0bc\ud800d\ufffe\te\n") == "abcd\te\n"


def test_no_results(tmp_path):
    write_junit([], tmp_path / "r.xml")
    assert suites(tmp_path / "r.xml") == []


def test_lateness_is_a_property_of_the_suite(tmp_path, make, late):
    path = tmp_path / "results.junit.xml"
    write_junit([make(late=late), make()], path)
    first, second = suites(path)
    said = {p.get("name"): p.get("value") for p in first.findall("properties/property")}
    assert (said["late_days"], said["late_points"]) == ("2", "3.50")
    assert said["delivered"] == "2025-07-25T12:00:00-04:00"
    assert first.get("tests") == second.get("tests")
    assert not second.findall("properties")

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from graders.rubric import Condition, Penalty, Problem, RubricError, Sample, load

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "demo.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def problems(path: Path, checks: Path) -> tuple[Problem, ...]:
    with pytest.raises(RubricError) as caught:
        load(path, checks)
    return caught.value.problems


def test_reads_everything(write: Write, checks: Path, rubric_text: str) -> None:
    rubric = load(write(rubric_text), checks)
    assert rubric.assignment == "demo"
    assert rubric.title.es == "Demostración"
    assert rubric.deadline == "2025-12-01T23:59:00+01:00"
    assert rubric.data[0].files == ("train.pkl", "train.pk1")
    assert (rubric.data[0].role, rubric.data[1].role) == ("train", "other")
    assert [data.kind for data in rubric.data] == ["table", "table", "images"]
    assert rubric.tag == "P2"
    assert rubric.profiles == {"quick": {"pictures": Sample(train=20, test=5)}}
    assert (rubric.run.budget, rubric.run.cell_timeout) == (5400, 90)
    assert (rubric.run.memory, rubric.run.output_limit) == (512 * 2**20, 2**20)
    assert rubric.max_mark == Decimal("3.7")
    assert rubric.criterion("e1.builds").penalty == Penalty(unit="percent", amount=Decimal(100))
    assert rubric.criterion("e1.deep").penalty == Penalty(unit="points", amount=Decimal("0.2"))
    assert rubric.criterion("e1.deep").params == {"minimum": 2}
    assert rubric.criterion("e1.deep").needs == ("e1.builds",)
    assert rubric.criterion("e1.explained").manual
    assert rubric.exercises[1].lines[0].when == Condition(
        any_of=("e2.shown", Condition(all_of=("e1.builds", "e1.deep")))
    )
    assert rubric.digest == hashlib.sha256(rubric_text.encode()).hexdigest()
    with pytest.raises(KeyError):
        rubric.criterion("e9.none")


# Each case changes the rubric that is right; "# here" marks the line that must be named.
WRONG = {
    "unknown key": (
        "assignment: demo",
        "asignment: demo # here\nassignment: demo",
        "Unknown key 'asignment'. Did you mean 'assignment'?",
    ),
    "unknown key deep inside": (
        "check: shape.builds",
        "chek: shape.builds # here\n        manual: true",
        "Unknown key 'chek'. Did you mean 'check'?",
    ),
    "unknown key like no other": (
        "    points: 3\n",
        "    points: 3\n    xyzzy: 1 # here\n",
        "Unknown key 'xyzzy'.",
    ),
    "key missing": ("- id: e1\n    title: {", "- title: { # here\n      ", "'id' is missing."),
    "key twice": ("    points: 3\n", "    points: 3\n    points: 3 # here\n", "written twice"),
    "empty text": (
        "text: {es: Se construye., en: It builds.}",
        "text: {es: '  ', en: It builds.} # here",
        "'es' is empty.",
    ),
    "text in one language": (
        "text: {es: Se construye., en: It builds.}",
        "text: {es: Se construye.} # here",
        "'en' is missing.",
    ),
    "bare text": (
        "text: {es: Se construye., en: It builds.}",
        "text: It builds. # here",
        "'text' must be keys with values, not a text.",
    ),
    "no value": ("needs: [e1.builds]", "needs: # here", "'needs' has no value."),
    "criterion id": ("id: e1.explained\n", "id: E2 # here\n", "'E2' is not a valid name here"),
    "duplicate criterion": (
        "- id: e1.explained",
        "- id: e1.deep # here",
        "There are two criteria or lines 'e1.deep'.",
    ),
    "line with a criterion's id": (
        "- id: e2.delivered",
        "- id: e2.shown # here",
        "There are two criteria or lines 'e2.shown'.",
    ),
    "duplicate exercise": ("- id: e2\n", "- id: e1 # here\n", "There are two exercises 'e1'."),
    "no criteria": (
        "exercises:\n",
        "exercises:\n  - {id: e0, title: {es: a, en: a}, points: 1, criteria: []} # here\n",
        "'criteria' is an empty list",
    ),
    "points": ("points: 3", "points: none # here", "'none' is not a number of points"),
    "points below zero": ("points: 3", "points: -3 # here", "more than zero, not -3"),
    "points without end": ("points: 3", "points: .inf # here", "is not a number of points"),
    "needs nobody": (
        "needs: [e1.builds]",
        "needs: [e1.build] # here",
        "'e1.build' is needed but there is no such criterion. Did you mean 'e1.builds'?",
    ),
    "needs itself": (
        "needs: [e1.builds]",
        "needs: [e1.deep] # here",
        "need each other can never be assessed: e1.deep → e1.deep.",
    ),
    "needs in a ring": (
        "check: shape.builds\n",
        "check: shape.builds\n        needs: [e1.deep] # here\n",
        "e1.builds → e1.deep → e1.builds.",
    ),
    "needs as text": ("needs: [e1.builds]", "needs: e1.builds # here", "must be a list, not"),
    "no theme": (
        "shape.depth",
        "shpe.depth # here",
        "There is no theme 'shpe' among the checks. Did you mean 'shape'?",
    ),
    "the package is no theme": ("shape.depth", "__init__.depth # here", "There is no theme"),
    "no check": (
        "shape.depth",
        "shape.deepth # here",
        "The check 'shape.deepth' does not exist. Did you mean 'depth'?",
    ),
    "private function": ("shape.builds", "shape._hidden # here", "does not exist"),
    "not of a student": ("shape.builds", "shape.no_check # here", "does not exist"),
    "imported function": ("shape.builds", "shape.borrowed # here", "does not exist"),
    "check without theme": ("shape.builds", "builds # here", "write it as theme.function"),
    "unknown parameter": (
        "{minimum: 2}",
        "{minimun: 2} # here",
        "The check 'shape.depth' does not take 'minimun'. Did you mean 'minimum'?",
    ),
    "parameter of another kind": (
        "{minimum: 2}",
        "{minimum: two} # here",
        "'minimum' of 'shape.depth' must be int, not 'two'.",
    ),
    "truth is no number": ("{minimum: 2}", "{minimum: true} # here", "must be int, not 'True'"),
    "parameter lacking": (
        "check: result.metric\n        params: {name: f1}",
        "check: result.metric # here",
        "The check 'result.metric' needs the parameter 'name'.",
    ),
    "parameters not by name": ("{minimum: 2}", "[2] # here", "'params' must be keys with values"),
    "penalty in words": ("penalty: 50%", "penalty: half # here", "'half' is not a penalty"),
    "penalty without unit": ("penalty: 50%", "penalty: 0.5 # here", "'0.5' is not a penalty"),
    "penalty over all": ("penalty: 50%", "penalty: 101% # here", "at most 100%"),
    "penalty below zero": ("penalty: 50%", "penalty: -50% # here", "without a sign"),
    "penalty of nothing": ("penalty: 50%", "penalty: 0% # here", "more than zero"),
    "penalty over the points": (
        "penalty: 50%",
        "penalty: 3.5 points # here",
        "The penalty takes 3.5 points and the exercise has 3.",
    ),
    "points over the exercise": ("points: 0.2", "points: 0.8 # here", "takes 0.8 points"),
    "penalty twice": (
        "points: 0.2",
        "points: 0.2 # here\n        penalty: 10%",
        "A penalty is given twice",
    ),
    "line without penalty": (
        "- id: e2.delivered\n        text: {es: Se entrega., en: It is handed in.}\n"
        "        penalty: 50%",
        "- id: e2.delivered # here\n        text: {es: Se entrega., en: It is handed in.}",
        "'penalty' is missing.",
    ),
    "nobody assesses": (
        "- id: e1.explained\n        text: {es: Se explica., en: It is explained.}\n"
        "        manual: true",
        "- id: e1.explained # here\n        text: {es: Se explica., en: It is explained.}",
        "A criterion needs a check, or manual: true.",
    ),
    "both assess": (
        "manual: true",
        "manual: true\n        check: shape.builds # here",
        "A manual criterion has no check",
    ),
    "parameters for a person": (
        "manual: true",
        "manual: true\n        params: {} # here",
        "Parameters are for a check",
    ),
    "manual in words": ("manual: true", "manual: yes # here", "'manual' must be true or false."),
    "line names nobody": (
        "[e2.shown, {all_of: [e1.builds, e1.deep]}]}",
        "[e2.shown, {all_of: [e1.builds, e1.depe]}]} # here",
        "The line names 'e1.depe' but there is no such criterion. Did you mean 'e1.deep'?",
    ),
    "line with both": (
        "[e2.shown, {all_of: [e1.builds, e1.deep]}]}",
        "[e2.shown], all_of: [e2.shown]} # here",
        "A condition has either any_of or all_of.",
    ),
    "line with neither": (
        "{any_of: [e2.shown, {all_of: [e1.builds, e1.deep]}]}",
        "{} # here",
        "A condition has either any_of or all_of.",
    ),
    "line with nothing": (
        "[e2.shown, {all_of: [e1.builds, e1.deep]}]}",
        "[]} # here",
        "'any_of' is an empty list",
    ),
    "line with a number": (
        "[e2.shown, {all_of: [e1.builds, e1.deep]}]}",
        "[e2.shown, 7]} # here",
        "An entry of 'any_of' must be a criterion or a condition, not a number.",
    ),
    "line with an unknown key": (
        "{all_of: [e1.builds, e1.deep]}]}",
        "{all_off: [e1.builds]}]} # here",
        "Unknown key 'all_off'. Did you mean 'all_of'?",
    ),
    "duration": ("cell_timeout: 90s", "cell_timeout: 90", "'90' is not a duration"),
    "size": ("512MiB}", "512MB} # here", "'512MB' is not a size"),
    "deadline": (
        "2025-12-01T23:59:00+01:00",
        "2025-12-01T23:59:00 # here",
        "'2025-12-01T23:59:00' needs a zone",
    ),
    "data in a folder": ("[spare.pkl]}", "[data/spare.pkl]} # here", "without its folder"),
    "data of two": ("[spare.pkl]}", "[train.pk1]} # here", "belongs to two data files"),
    "data twice": ("name: spare, files: [spare.pkl]}", "name: train, files: [x]} # here", "two"),
    "data without files": ("[spare.pkl]}", "[]} # here", "'files' is an empty list"),
    "role": ("role: train, label: Label}", "role: trian} # here", "'trian' is not a role"),
    "kind": ("kind: images}", "kind: pictures} # here", "'pictures' is not a kind"),
    "label of images": (
        "kind: images}",
        "kind: images, label: class} # here",
        "'label' is for tables, and this data file has kind 'images'.",
    ),
    "tag with a space": ("tag: P2", "tag: 'P 2' # here", "write it like 'P2'"),
    "tag like an option": ("tag: P2", "tag: -d # here", "write it like 'P2'"),
    "tag that leads elsewhere": ("tag: P2", "tag: a..b # here", "write it like 'P2'"),
    "tag as a number": ("tag: P2", "tag: 2 # here", "'tag' must be a text, not a number."),
    "profile's name": ("  quick:\n", "  Quick one: # here\n", "write it like 'quick'"),
    "profile of nothing": (
        "  quick:\n    pictures: {train: 20, test: 5}",
        "  quick: {} # here",
        "The profile 'quick' is empty.",
    ),
    "profile as a number": (
        "  quick:\n    pictures: {train: 20, test: 5}",
        "  quick: 20 # here",
        "must be keys with values, not a number",
    ),
    "profile of a table": (
        "pictures: {train: 20",
        "train: {train: 20",
        "'train' is no data file of kind 'images'.",
    ),
    "profile of an unknown set": (
        "pictures: {train: 20, test: 5}",
        "picture: {train: 20, test: 5} # here",
        "'picture' is no data file of kind 'images'. Did you mean 'pictures'?",
    ),
    "profile without images": ("train: 20", "train: 0 # here\n     ", "not a number of images"),
    "profile by a share": ("test: 5}", "test: 10%} # here", "'10%' is not a number of images"),
    "profile of one part": ("train: 20, test: 5}", "train: 20} # here", "'test' is missing."),
    "profile of a third part": (
        "test: 5}",
        "test: 5, tset: 3} # here",
        "Unknown key 'tset'. Did you mean 'test'?",
    ),
    "exercise as a number": ("exercises:\n", "exercises:\n  - 7 # here\n", "An entry of"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong_and_where(
    write: Write, checks: Path, rubric_text: str, old: str, new: str, message: str
) -> None:
    assert rubric_text.count(old) >= 1
    text = rubric_text.replace(old, new, 1)
    found = problems(write(text), checks)
    assert len(found) == 1, [str(problem) for problem in found]
    assert message in found[0].message
    if "# here" in text:
        assert found[0].line == text[: text.index("# here")].count("\n") + 1
    assert found[0].message.endswith((".", "?"))


def test_says_everything_at_once_in_file_order(
    write: Write, checks: Path, rubric_text: str
) -> None:
    text = (
        rubric_text.replace("title: {es: Demostración, en: Demo}", "titel: {es: a, en: b}")
        .replace("budget: 1h30m", "budget: soon")
        .replace("shape.builds", "shape.build")
        .replace("points: 0.2", "points: 5")
        .replace("[e1.builds]", "[e1.nothing]")
        .replace("    points: 3\n", "    points: 3\n    points: 4\n")
    )
    path = write(text)
    found = problems(path, checks)
    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)
    assert [problem.message.split(".")[0] for problem in found] == [
        "'title' is missing",
        "Unknown key 'titel'",
        "'soon' is not a duration: write it as 90s, 20m or 1h30m",
        "The check 'shape",
        "The penalty takes 5 points and the exercise has 0",
        "'e1",
        "'points' is written twice here",
    ]
    assert str(found[1]) == f"{path}:2: Unknown key 'titel'. Did you mean 'title'?"


UNREADABLE = {
    "empty": (b"", None, "The file is empty."),
    "only a comment": (b"# nothing\n", None, "The file is empty."),
    "syntax": (b"a: 1\nb: [1\nc: 2\n", 3, "This is not YAML: "),
    "tab": (b"a:\n\t- b\n", 2, "This is not YAML: "),
    "alias": (b"a: 1\nb: *c\n", 2, "This is not YAML: "),
    "two documents": (b"a: 1\n---\nb: 1\n", 2, "This is not YAML: "),
    "control character": (b"a: \x01\n", None, "This is not YAML: "),
    "latin-1": (b"a: 1\nb: \xf1\n", 2, "The file is not UTF-8 text."),
}


@pytest.mark.parametrize(("content", "line", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_file_that_is_not_yaml(
    write: Write, checks: Path, content: bytes, line: int | None, message: str
) -> None:
    (found,) = problems(write(content), checks)
    assert found.line == line
    assert found.message.startswith(message)


def test_not_a_rubric_at_all(write: Write, checks: Path) -> None:
    (found,) = problems(write("- 1\n- 2\n"), checks)
    assert found.message == "The rubric must be keys with values, not a list."


def test_missing_file(tmp_path: Path, checks: Path) -> None:
    (found,) = problems(tmp_path / "none.yaml", checks)
    assert str(found) == f"{tmp_path / 'none.yaml'}: There is no such file."


def test_folder(tmp_path: Path, checks: Path) -> None:
    (found,) = problems(tmp_path, checks)
    assert found.message.startswith("The file cannot be read")


def test_theme_that_does_not_parse(write: Write, checks: Path, rubric_text: str) -> None:
    (checks / "result.py").write_text("def metric(student:\n", encoding="utf-8")
    (found,) = problems(write(rubric_text), checks)
    assert found.message.startswith("The checks of 'result' cannot be read")


def test_any_parameter_and_null_values(write: Write, checks: Path, rubric_text: str) -> None:
    text = rubric_text.replace("shape.depth", "shape.anything").replace("minimum: 2", "any: null")
    assert load(write(text), checks).criterion("e1.deep").params == {"any": None}


def test_keys_merged_from_an_anchor(write: Write, checks: Path, rubric_text: str) -> None:
    text = rubric_text.replace(
        "        text: {es: Se construye., en: It builds.}\n", "        <<: *same\n"
    ).replace("title: {es: Uno, en: One}", "title: &it {es: Uno, en: One}")
    text = text.replace(
        "      - id: e1.builds\n        <<: *same\n",
        "      - id: e1.first\n        <<: &same {text: *it, check: shape.builds}\n"
        "      - id: e1.builds\n        <<: *same\n",
    )
    rubric = load(write(text), checks)
    assert rubric.criterion("e1.first").text.en == "One"
    assert rubric.criterion("e1.builds").check == "shape.builds"


def test_penalty_may_take_all_the_points(write: Write, checks: Path, rubric_text: str) -> None:
    rubric = load(write(rubric_text.replace("points: 0.2", "points: 0.7")), checks)
    penalty = rubric.criterion("e1.deep").penalty
    assert penalty == Penalty(unit="points", amount=rubric.exercises[0].points)

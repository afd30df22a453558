"""Whatever the notebook's code does when it is asked, there is one answer to each question."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from graders.evidence.questions import call, cell, code, each, held, tensor, theirs
from graders.probe.asked_cells import assigned, called
from graders.probe.questions import Questions


class Log:
    def __init__(self):
        self.events = []

    def write(self, event, **fields):
        self.events.append({"event": event, **fields})

    def keep(self, array):
        return array.tolist()

    def flush(self):
        pass


@pytest.fixture
def ask(tmp_path):
    def asked(*questions, cells=(), **variables):
        user = {"In": ["", *cells], **variables}
        for source in cells:
            exec(source, user)
        log = Log()
        path = tmp_path / "questions.json"
        path.write_text(json.dumps([{"digest": q.digest, **q.model_dump()} for q in questions]))
        Questions(SimpleNamespace(user_ns=user), log).answer(str(path))
        assert [e["question"] for e in log.events] == [q.digest for q in questions]
        return log.events, user

    return asked


def outcome(ask, question, **rest):
    events, _user = ask(question, **rest)
    return events[0]["outcome"], events[0].get("value")


def test_a_function_is_called(ask):
    assert outcome(ask, call("f", args=(2, 3)), f=lambda a, b: a * b) == ("answered", 6)
    twice = outcome(ask, call("f", args=(np.ones(2),)), f=lambda a: 2 * a)
    assert twice == ("answered", {"array": [2.0, 2.0]})
    pair = outcome(ask, call("f"), f=lambda: (1, [None, "x"], {"a": True}))
    assert pair[1] == {"list": [1, {"list": [None, "x"]}, {"dict": {"a": True}}]}


def test_the_first_name_that_is_a_function_counts(ask):
    found = outcome(ask, call("new", "old"), new=7, old=lambda: "old")
    assert found == ("answered", "old")
    assert outcome(ask, call("new"), new=7) == ("missing", None)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: 1 / 0, "raised"),
        (lambda: exit(), "raised"),
        (lambda: object(), "unreadable"),
        (lambda: [[[[[[[[1]]]]]]]], "unreadable"),
    ],
)
def test_what_goes_wrong_is_an_answer(ask, function, said):
    assert outcome(ask, call("f"), f=function)[0] == said


def test_what_takes_too_long_is_ended_whatever_it_catches(ask):
    def forever():
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    events, _user = ask(call("f", seconds=0.2), call("g"), f=forever, g=lambda: 1)
    assert [e["outcome"] for e in events] == ["late", "answered"]


def test_variables_are_given_and_put_back(ask):
    source = "K = 1\ndef f():\n    return K, extra\n"
    events, user = ask(call("f", given={"K": 5, "extra": 7}), cells=[source])
    assert events[0]["value"] == {"list": [5, 7]}
    assert user["K"] == 1
    assert "extra" not in user


def test_their_own_objects_and_code_of_ours(ask):
    apply = lambda f, x: f(x)  # noqa: E731 - as a notebook may write it
    assert (
        outcome(ask, call("apply", args=(theirs("neg"), 3)), apply=apply, neg=lambda x: -x)[1] == -3
    )
    assert outcome(ask, call("apply", args=(code("lambda x: x + 1"), 3)), apply=apply)[1] == 4
    assert outcome(ask, call("apply", args=(theirs("none"), 3)), apply=apply)[0] == "raised"


def test_a_cell_runs_again_and_changes_nothing(ask):
    cells = [
        "import numpy as np\na = np.zeros(2)",
        "a[0] = x0 = 1\nb = a + c if 'c' in globals() else a",
    ]
    question = cell("b", given={"c": np.array([5.0, 6.0])}, wanted=("b", "none"))
    events, user = ask(question, cells=cells)
    assert events[0]["value"] == {"list": [{"array": [6.0, 6.0]}, None]}
    assert user["b"].tolist() == [1.0, 0.0]


def test_the_first_or_the_last_cell_that_assigns_or_calls(ask):
    cells = ["y = 1", "def f():\n    return 0", "y = 2", "!pip install x" and "z = f()"]
    assert outcome(ask, cell("y", wanted=("y",)), cells=cells)[1] == {"list": [1]}
    assert outcome(ask, cell("y", wanted=("y",), which="last"), cells=cells)[1] == {"list": [2]}
    assert outcome(ask, cell("f", wanted=("z",), calls=True), cells=cells)[1] == {"list": [0]}
    assert outcome(ask, cell("w", wanted=("w",)), cells=cells)[0] == "missing"


def test_all_cells_run_together_up_to_the_next_part_of_the_notebook(ask):
    cells = ["a = 1", "b = a + k", "print(b)", "a = 10 * a; c = 0", "c = 3\na = 7", "a = 8"]
    whole = cell("a", "b", wanted=("a", "b"), which="all", given={"k": 5})
    assert outcome(ask, whole, cells=cells, k=0)[1] == {"list": [8, 6]}
    part = whole.model_copy(update={"until": ("c",)})
    assert outcome(ask, part, cells=cells, k=0)[1] == {"list": [10, 6]}


def test_each_cell_runs_by_itself_whatever_the_others_do(ask):
    cells = ["y = 1", "y = z", "y = 3"]
    question = cell("y", wanted=("y",), which="each")
    assert outcome(ask, question, cells=cells, z=2)[1] == {
        "list": [{"list": [1]}, {"list": [2]}, {"list": [3]}]
    }


def test_a_cell_that_is_timed_is_a_cell(ask):
    body = "get_ipython().run_cell_magic('time', '', 'y = k\\n')"
    shell = SimpleNamespace(run_cell_magic=lambda name, line, code: None)
    question = cell("y", wanted=("y",), given={"k": 3})
    found = outcome(ask, question, get_ipython=lambda: shell, cells=[body])
    assert found == ("answered", {"list": [3]})


def test_cells_are_looked_at_along_the_way(ask):
    cells = ["y = 0", "for k in range(3):\n    y = y + k\ny = -y", "y = 7"]
    question = cell("y", wanted=("y",), which="along")
    found = outcome(ask, question, cells=cells)[1]["list"]
    assert [look["list"][0] for look in found] == [0, 3, -3, 7]


def test_what_a_cell_did_before_it_failed_counts(ask):
    cells = ["n = 1", "y = n", "y = n + 1\nw = y if n < 2 else 1 / 0"]
    question = cell("w", wanted=("y",), given={"n": 2})
    assert outcome(ask, question, cells=cells)[1] == {"list": [3]}
    assert outcome(ask, question.model_copy(update={"wanted": ("w",)}), cells=cells)[0] == "raised"


def test_a_cell_does_not_assign_what_is_given(ask):
    cells = ["a, b = 1, 2\ndef f():\n    return 3\nc = d = a + b + f()\na = d = 100\n"]
    given = {"a": 10, "b": 20, "f": code("lambda: 30")}
    question = cell("c", wanted=("a", "b", "c", "d"), given=given)
    # A statement that assigns something else too runs as it is.
    assert outcome(ask, question, cells=cells)[1] == {"list": [100, 20, 60, 100]}


def test_functions_of_the_notebook_see_what_is_given(ask):
    cells = ["k = 1", "def f():\n    return k + g()\ndef g():\n    return 1", "y = f()"]
    question = cell("y", wanted=("y",), given={"k": 5, "g": code("lambda: 7")})
    events, user = ask(question, cells=cells)
    assert events[0]["value"] == {"list": [12]}
    assert (user["k"], user["y"], user["g"]()) == (1, 2, 1)


def test_cells_that_call_by_way_of_other_functions(ask):
    cells = ["def f(x):\n    return x", "def g():\n    return f(1)", "a = 5", "z = g()"]
    question = cell("f", wanted=("z",), given={"f": code("lambda x: 9")}, calls=True, which="each")
    assert outcome(ask, question, cells=cells)[1] == {"list": [{"list": [9]}]}


def test_code_of_ours_may_be_statements_that_use_an_object_of_theirs(ask):
    source = "class Double:\n    def __call__(self, x):\n        return 2 * f(x)\nmade = Double()\n"
    question = call("apply", args=(code(source, "f"), 3))
    found = outcome(ask, question, apply=lambda g, x: g(x), f=lambda x: x + 1)
    assert found == ("answered", 8)


def test_arguments_go_where_their_names_are(ask):
    question = call("f", args=(1, 2), roles=("a", "b"), offered={"m": 5})
    assert outcome(ask, question, f=lambda a, b: a - b)[1] == -1
    assert outcome(ask, question, f=lambda b, a: a - b)[1] == -1
    assert outcome(ask, question, f=lambda b, m, a, d=0: (a, b, m, d))[1] == {"list": [1, 2, 5, 0]}
    assert outcome(ask, question, f=lambda p, q: p - q)[1] == -1  # other names: by place
    assert outcome(ask, question, f=lambda *rest: rest)[1] == {"list": [1, 2]}
    assert outcome(ask, question, f=lambda a, b, c: 0)[0] == "raised"


def test_without_the_function_each_of_the_notebook_is_asked(ask):
    cells = ["def g(x):\n    return 2 * x\ndef h():\n    return 0\ndef b(x):\n    return 1 / 0"]
    found = outcome(ask, call("f", args=(4,)), cells=cells, np=np, given=lambda x: x)
    assert found == ("renamed", {"dict": {"g": 8}})
    assert outcome(ask, call("f", args=(1, 2)), cells=cells)[0] == "missing"


def test_which_names_a_cell_assigns_and_calls():
    import ast

    tree = ast.parse("a = b = 1\nc[0] = f(2)\nfor d in g(): pass\ndef h():\n    return k()")
    assert assigned(tree) == {"a", "b", "c", "d"}
    assert called(tree) == {"f", "g"}


def test_what_the_variables_hold(ask):
    said = outcome(ask, held(), cells=("W = [[1.0, 2.0]]\nf = lambda x: x\n_a = 3",), n=2)
    assert said == ("answered", {"dict": {"n": 2.0, "W": {"array": [[1.0, 2.0]]}}})


def test_every_function_of_the_notebooks_own_is_called(ask):
    cell = """
import math
def double(x, times=2): return times * x
def two(x, y): return x
def fails(x): raise SystemExit
def slow(x):
    while True: pass
def nothing(): return 1
square = lambda x: x * x
"""
    said = outcome(ask, each(3.0), cells=(cell,), foreign=json.dumps)
    assert said == ("answered", {"dict": {"double": 6.0, "square": 9.0}})


def test_tensors_are_no_reason_to_load_torch(ask, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    question = each(tensor(np.ones(2)))
    assert outcome(ask, question, cells=("def f(x): return x",)) == ("answered", {"dict": {}})
    assert "torch" not in sys.modules

"""A notebook that is nothing but some code: what it answers to the questions of a TODO."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from graders.analysis.asking import answers
from graders.analysis.textbook import find
from graders.evidence.model import Asked
from graders.probe.questions import Questions


class Log:
    """Keeps events, and arrays by number."""

    def __init__(self):
        self.events, self.arrays = [], {}

    def write(self, event, **fields):
        self.events.append(fields)

    def keep(self, array):
        name = f"{len(self.arrays):032x}"
        self.arrays[name] = np.array(array)
        return name

    def load(self, name):
        return self.arrays[name]

    def flush(self):
        pass


class Notebook:
    """Cells that have run."""

    def __init__(self, *cells):
        variables = {"In": ["", *cells]}
        for cell in cells:
            exec(cell, variables)
        self.shell = SimpleNamespace(user_ns=variables)

    def answers(self, questions, folder):
        log = Log()
        path = folder / "questions.json"
        path.write_text(json.dumps([{"digest": q.digest, **q.model_dump()} for q in questions]))
        Questions(self.shell, log).answer(str(path))
        asked = [Asked.model_validate(json.loads(json.dumps(event))) for event in log.events]
        return answers(asked, log, questions)


@pytest.fixture
def judge(tmp_path):
    """What is judged of a TODO in a notebook of these cells."""

    def judged(name, *cells):
        todo = find(name)
        return todo.judgement(Notebook(*cells).answers(todo.questions, tmp_path))

    return judged

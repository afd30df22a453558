from pathlib import Path

import pytest

from graders.intake import Submission
from graders.rubric.model import DataFile, Run
from graders.runner import evidence_key

FILE = DataFile(name="train", files=("a.pkl",))


@pytest.fixture
def case(tmp_path):
    (tmp_path / "p3.ipynb").write_text("{}")
    (tmp_path / "red.py").write_text("x = 1")
    (tmp_path / "a.pkl").write_bytes(b"1")
    submission = Submission(
        id="ana", root=tmp_path, notebooks=(Path("p3.ipynb"),), files=(Path("red.py"),)
    )
    return submission, Run(), {FILE: tmp_path / "a.pkl"}


def test_the_same_twice_and_for_another_name_and_place(case, tmp_path):
    submission, settings, data = case
    key = evidence_key(submission, settings, data, "none")
    assert key == evidence_key(submission, settings, data, "none")
    renamed = submission.model_copy(update={"id": "luis", "students": ("Luis",)})
    assert key == evidence_key(renamed, settings, data, "none")
    assert len(key) == 64


@pytest.mark.parametrize("change", ["notebook", "file", "data", "settings", "sandbox", "names"])
def test_what_changes_it(case, tmp_path, change):
    submission, settings, data = case
    key = evidence_key(submission, settings, data, "none")
    sandbox = "none"
    if change == "notebook":
        (tmp_path / "p3.ipynb").write_text("{ }")
    elif change == "file":
        (tmp_path / "red.py").write_text("x = 22")
    elif change == "data":
        (tmp_path / "a.pkl").write_bytes(b"12")
    elif change == "settings":
        settings = Run(cell_timeout=1)
    elif change == "names":
        submission = submission.model_copy(update={"data_names": {"b.pkl": "train"}})
    else:
        sandbox = "bwrap"
    assert evidence_key(submission, settings, data, sandbox) != key

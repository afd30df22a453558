"""An image set in four files, as one."""

import numpy as np
import pytest

from graders.analysis.image_files import read_image_set
from graders.batch import data as data_files
from graders.batch.problems import UsageProblem
from graders.probe.shims.idx_sets import as_idx
from graders.rubric.model import DataFile, Rubric, Text

MNIST = DataFile(name="mnist", files=("mnist.npz", "train-images-idx3-ubyte"), kind="images")
RUBRIC = Rubric(assignment="t2", title=Text(es="x", en="x"), exercises=(), data=(MNIST,))
FILES = {
    "train-images-idx3-ubyte": np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2),
    "train-labels-idx1-ubyte": np.arange(5, dtype=np.uint8),
    "t10k-images-idx3-ubyte": np.ones((2, 2, 2), np.uint8),
    "t10k-labels-idx1-ubyte": np.arange(2, dtype=np.uint8),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, array in FILES.items():
        (folder / name).write_bytes(as_idx(array))
    return folder


def test_four_files_are_marked_with_as_one(folder):
    found = data_files.locate(RUBRIC, folder)[MNIST]
    assert found.name == "mnist.npz"
    images = read_image_set(found)
    np.testing.assert_array_equal(images.x_train[..., 0], FILES["train-images-idx3-ubyte"])
    assert data_files.locate(RUBRIC, folder)[MNIST] == found


def test_other_content_is_another_file(folder):
    before = data_files.locate(RUBRIC, folder)[MNIST]
    (folder / "t10k-labels-idx1-ubyte").write_bytes(as_idx(np.array([3, 4], np.uint8)))
    after = data_files.locate(RUBRIC, folder)[MNIST]
    assert before != after
    assert read_image_set(after).y_test.tolist() == [3, 4]


def test_a_set_that_is_not_whole_is_told(folder):
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(UsageProblem, match="t10k images"):
        data_files.locate(RUBRIC, folder)

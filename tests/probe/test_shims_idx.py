"""MNIST, in the forms that notebooks open, from the provided copy."""

import gzip

import numpy as np
import pytest

from graders.analysis.idx_files import read_idx
from graders.probe.shims.data_names import DataNames
from graders.probe.shims.idx_sets import MNIST, IdxCopy

ARRAYS = {
    "x_train": np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8),
    "y_train": np.arange(9, dtype=np.uint8),
    "x_test": np.random.default_rng(1).integers(0, 256, (4, 28, 28), dtype=np.uint8),
    "y_test": np.arange(4, dtype=np.uint8),
}


@pytest.fixture
def npz(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, **ARRAYS)
    return path


@pytest.fixture
def names(tmp_path, npz):
    entry = {
        "name": "mnist.npz",
        "path": str(npz),
        "spellings": ["mnist.npz", "train-images-idx3-ubyte.gz"],
        "kind": "images",
        "data": "mnist",
    }
    return DataNames([entry], str(tmp_path / "forms"))


@pytest.mark.parametrize(
    ("file", "array"),
    [
        ("train-images-idx3-ubyte", "x_train"),
        ("train-labels-idx1-ubyte", "y_train"),
        ("t10k-images-idx3-ubyte", "x_test"),
        ("t10k-labels-idx1-ubyte", "y_test"),
    ],
)
@pytest.mark.parametrize("where", ["/files/MNIST/raw/", "http://yann.lecun.com/exdb/mnist/", ""])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_each_file_is_there_wherever_it_is_looked_for(tmp_path, names, where, file, ending, array):
    copy = names.match(where + file + ending)
    with open(copy.path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    assert packed == bool(ending)
    np.testing.assert_array_equal(read_idx(tmp_path / "forms" / copy.name), ARRAYS[array])


@pytest.mark.parametrize(
    "path", ["data/FashionMNIST/raw/train-images-idx3-ubyte", "KMNIST/t10k-labels-idx1-ubyte.gz"]
)
def test_other_sets_have_files_of_the_same_names(names, path):
    assert names.match(path) is None


def test_the_npz_is_the_teachers(names, npz):
    assert names.match("/root/.keras/datasets/mnist.npz").path == str(npz)


def test_grey_images_with_an_axis_for_their_channel(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, **{k: v[..., None] if k.startswith("x") else v for k, v in ARRAYS.items()})
    (train, labels, _), _test = IdxCopy(MNIST, str(path), str(tmp_path)).parts()
    np.testing.assert_array_equal(train, ARRAYS["x_train"])
    np.testing.assert_array_equal(labels, ARRAYS["y_train"])


def test_what_is_packed_unpacks(tmp_path, npz):
    forms = IdxCopy(MNIST, str(npz), str(tmp_path / "forms")).forms()
    with gzip.open(forms["t10k-images-idx3-ubyte.gz"]()) as stream:
        packed = stream.read()
    with open(forms["t10k-images-idx3-ubyte"](), "rb") as stream:
        assert stream.read() == packed

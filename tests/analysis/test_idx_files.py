"""MNIST's four files, and MNIST-1D's one."""

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from graders.analysis.idx_files import is_idx, read_idx
from graders.analysis.image_files import ImageFileError, read_image_set
from graders.analysis.signal_files import SignalFileError, read_signals
from graders.probe.shims.idx_sets import as_idx

DATA = Path(os.environ.get("CORRIGE_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
RNG = np.random.default_rng(5)
FILES = {
    "train-images-idx3-ubyte": RNG.integers(0, 256, (12, 6, 5), dtype=np.uint8),
    "train-labels-idx1-ubyte": RNG.integers(0, 10, 12, dtype=np.uint8),
    "t10k-images-idx3-ubyte": RNG.integers(0, 256, (3, 6, 5), dtype=np.uint8),
    "t10k-labels-idx1-ubyte": RNG.integers(0, 10, 3, dtype=np.uint8),
}


def written(folder, packed):
    for name, array in FILES.items():
        content = as_idx(array)
        ending = ".gz" if packed else ""
        (folder / (name + ending)).write_bytes(gzip.compress(content) if packed else content)
    return folder / ("train-images-idx3-ubyte" + ending)


@pytest.mark.parametrize("packed", [True, False])
def test_four_files_are_one_set(tmp_path, packed):
    found = read_image_set(written(tmp_path, packed))
    assert found.x_train.shape == (12, 6, 5, 1)
    np.testing.assert_array_equal(found.x_test[..., 0], FILES["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(found.y_train, FILES["train-labels-idx1-ubyte"])


def test_a_file_that_is_missing_is_named(tmp_path):
    first = written(tmp_path, True)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ImageFileError, match="t10k labels"):
        read_image_set(first)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08\x03",
        b"\0\0\x0d\x01\0\0\0\0",
        as_idx(np.zeros(3, np.uint8))[:-1],
        b"\x1f\x8bx",
    ],
)
def test_a_damaged_file_is_told(tmp_path, content):
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        read_idx(path)


def test_names_of_idx_files():
    assert is_idx(Path("a/train-images-idx3-ubyte.gz"))
    assert is_idx(Path("t10k-labels.idx1-ubyte"))
    assert not is_idx(Path("emnist-letters-train-images-idx3-ubyte.gz"))


SIGNALS = {
    "x": RNG.normal(size=(8, 40)),
    "y": np.arange(8),
    "x_test": RNG.normal(size=(3, 40)),
    "y_test": np.arange(3),
}


def test_signals_are_read_without_running_anything(tmp_path):
    path = tmp_path / "mnist1d_data.pkl"
    path.write_bytes(pickle.dumps({**SIGNALS, "templates": {"x": np.zeros(3)}}))
    found = read_signals(path)
    np.testing.assert_array_equal(found.x_test, SIGNALS["x_test"])
    np.testing.assert_array_equal(found.y_train, SIGNALS["y"])


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({k: v for k, v in SIGNALS.items() if k != "y_test"}, "y_test"),
        ({**SIGNALS, "y": np.arange(7)}, "one label each"),
        ({**SIGNALS, "x_test": np.zeros((3, 39))}, "one length"),
        ([1, 2], "dictionary"),
        ({"x": Path("a")}, "plain arrays"),
    ],
)
def test_what_holds_no_signals_is_told(tmp_path, held, said):
    path = tmp_path / "mnist1d_data.pkl"
    path.write_bytes(pickle.dumps(held))
    with pytest.raises(SignalFileError, match=said):
        read_signals(path)


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="the real MNIST is not here")
def test_the_real_mnist():
    found = read_image_set(DATA / "mnist" / "train-images-idx3-ubyte.gz")
    assert found.x_train.shape == (60000, 28, 28, 1)
    assert np.bincount(found.y_test).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]


@pytest.mark.skipif(not (DATA / "mnist1d").is_dir(), reason="the real MNIST-1D is not here")
def test_the_real_mnist1d():
    found = read_signals(DATA / "mnist1d" / "mnist1d_data.pkl")
    assert found.x_train.shape == (4000, 40)
    assert np.unique(found.y_test).tolist() == list(range(10))

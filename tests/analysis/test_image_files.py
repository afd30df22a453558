"""Image sets in the forms in which teachers have them."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from graders.analysis import array_pickle
from graders.analysis.image_files import ImageFileError, read_image_set

SIDE = 8


def images(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def batch(pixels, labels, key=b"labels"):
    rows = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
    coarse = {b"coarse_labels": [0] * len(labels)}
    return pickle.dumps({b"data": rows, **coarse, key: list(map(int, labels))}, protocol=2)


def cifar10():
    x_train, x_test = images(20, 1), images(6, 2)
    return x_train, np.arange(20) % 10, x_test, np.arange(6)


def official10(x_train, y_train, x_test, y_test):
    files = {
        f"data_batch_{n + 1}": batch(x_train[4 * n : 4 * n + 4], y_train[4 * n : 4 * n + 4])
        for n in range(5)
    }
    return {**files, "test_batch": batch(x_test, y_test), "batches.meta": b"anything"}


def official100(x_train, y_train, x_test, y_test):
    return {
        "train": batch(x_train, y_train, b"fine_labels"),
        "test": batch(x_test, y_test, b"fine_labels"),
    }


def archive(path, folder, files):
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def same(found, x_train, y_train, x_test, y_test):
    for name, expected in (("train", (x_train, y_train)), ("test", (x_test, y_test))):
        pixels, labels = found.split(name)
        assert pixels.dtype == np.uint8
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(pixels, expected[0])
        np.testing.assert_array_equal(labels, expected[1])


def test_named_arrays_with_labels_in_a_column(tmp_path):
    x_train, y_train, x_test, y_test = cifar10()
    path = tmp_path / "cifar10.npz"
    np.savez(
        path,
        x_train=x_train,
        y_train=y_train[:, None].astype(np.uint8),
        x_test=x_test.transpose(0, 3, 1, 2),
        y_test=y_test,
    )
    found = read_image_set(path)
    same(found, x_train, y_train, x_test, y_test)
    assert found.classes == 10


@pytest.mark.parametrize(
    ("official", "folder"),
    [(official10, "cifar-10-batches-py"), (official100, "cifar-100-python")],
)
def test_the_official_archive_and_its_folder(tmp_path, official, folder):
    parts = cifar10()
    files = official(*parts)
    same(read_image_set(archive(tmp_path / "set.tar.gz", folder, files)), *parts)
    extracted = tmp_path / folder
    extracted.mkdir()
    for name, content in files.items():
        (extracted / name).write_bytes(content)
    same(read_image_set(extracted), *parts)
    same(read_image_set(tmp_path / folder / ".."), *parts)


def test_batches_come_in_the_order_of_their_numbers(tmp_path):
    parts = cifar10()
    files = dict(reversed(official10(*parts).items()))
    same(read_image_set(archive(tmp_path / "c.tar.gz", "x", files)), *parts)


def test_read_once_and_again_when_it_changed(tmp_path):
    x_train, y_train, x_test, y_test = cifar10()
    path = tmp_path / "c.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    first = read_image_set(path)
    assert read_image_set(path) is first
    assert not first.x_train.flags.writeable
    np.savez(path, x_train=x_train[:10], y_train=y_train[:10], x_test=x_test, y_test=y_test)
    assert len(read_image_set(path).x_train) == 10


class Evil:
    def __reduce__(self):
        return print, ("ran",)


def test_a_pickle_runs_nothing(tmp_path, capsys):
    files = {**official10(*cifar10()), "test_batch": pickle.dumps({b"data": Evil()})}
    path = archive(tmp_path / "c.tar.gz", "x", files)
    with pytest.raises(ImageFileError, match=r"test_batch.*print"):
        read_image_set(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol(protocol):
    held = {"w": np.arange(6.0).reshape(2, 3), "n": np.float32(2), "f": np.zeros((2, 2), order="F")}
    found = array_pickle.load(pickle.dumps(held, protocol=protocol))
    np.testing.assert_array_equal(found["w"], held["w"])
    assert found["n"] == 2
    assert found["f"].shape == (2, 2)


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x02cos\nsystem\n."])
def test_what_is_no_pickle_of_arrays(content):
    with pytest.raises(ValueError, match="no pickle of plain arrays"):
        array_pickle.load(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_test": np.arange(5)}, "not one test label"),
        ({"x_train": np.zeros((20, 64))}, "no pictures"),
        ({"x_train": np.full((20, SIDE, SIDE, 3), 0.5)}, "whole numbers"),
        ({"x_train": np.full((20, SIDE, SIDE, 3), 300)}, "whole numbers"),
        ({"y_train": np.full(20, -1)}, "numbers of classes"),
        ({"x_test": None}, "x_test is missing"),
    ],
)
def test_what_is_no_image_set(tmp_path, change, message):
    x_train, y_train, x_test, y_test = cifar10()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test} | change
    path = tmp_path / "c.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ImageFileError, match=message):
        read_image_set(path)


def test_a_file_of_another_kind_and_a_damaged_one(tmp_path):
    for name in ("c.zip", "c.npz", "c.tar.gz"):
        path = tmp_path / name
        path.write_bytes(b"nothing of the kind")
        with pytest.raises(ImageFileError):
            read_image_set(path)
    with pytest.raises(ImageFileError, match="no batches"):
        read_image_set(archive(tmp_path / "e.tar.gz", "x", {"readme": b""}))

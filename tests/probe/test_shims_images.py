"""The provided copy of an image set in every form, from each form that a teacher may have."""

import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from graders.probe.shims.data_names import DataNames
from graders.probe.shims.files import _instead
from graders.probe.shims.image_sets import ImageCopy
from graders.probe.shims.image_words import CIFAR10, CIFAR100, known_set
from graders.probe.shims.places import Places
from graders.probe.shims.shell_text import harmless
from graders.probe.shims.web import fetched


def write_npz(path, classes):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 23), ("test", 7)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
        arrays[f"y_{part}"] = rng.integers(0, classes, (count, 1))
    np.savez(path, **arrays)
    return arrays


@pytest.fixture(params=[CIFAR10, CIFAR100], ids=lambda known: known.name)
def known(request):
    return request.param


@pytest.fixture
def given(tmp_path, known):
    folder = tmp_path / "given"
    folder.mkdir()
    arrays = write_npz(folder / known.npz, len(known.classes))
    return ImageCopy(known, str(folder / known.npz), str(tmp_path / "forms")), arrays


def same(copy, arrays):
    for part, (images, labels, _) in zip(("train", "test"), copy.parts(), strict=True):
        np.testing.assert_array_equal(images, arrays[f"x_{part}"])
        np.testing.assert_array_equal(labels, arrays[f"y_{part}"].ravel())


def test_every_form_holds_the_same_images(tmp_path, known, given):
    copy, arrays = given
    same(copy, arrays)
    assert copy.npz() == copy.path
    for number, form in enumerate((copy.archive, copy.folder)):
        again = ImageCopy(known, form(), str(tmp_path / f"forms{number}"))
        same(again, arrays)
        same(ImageCopy(known, again.npz(), ""), arrays)
        same(ImageCopy(known, again.folder(), ""), arrays)
        with tarfile.open(again.archive()) as archive:
            names = {name for name in archive.getnames() if "/" in name}
        assert names == {f"{known.folder}/{member}" for member in known.members}


@pytest.mark.parametrize(("encoding", "kind"), [("bytes", bytes), ("latin1", str)])
def test_batches_load_as_the_originals_do(known, given, encoding, kind):
    copy, arrays = given
    with open(copy.member(known.train[0]), "rb") as stream:
        batch = pickle.load(stream, encoding=encoding)
    held = {key.decode() if kind is bytes else key: value for key, value in batch.items()}
    assert all(isinstance(key, kind) for key in batch)
    assert held["data"].dtype == np.uint8
    assert held["data"].shape[1] == 3 * 8 * 8
    assert held[known.label] == arrays["y_train"].ravel().tolist()[: len(held["data"])]
    assert all(isinstance(name, kind) for name in held["filenames"])
    with open(copy.member(known.meta), "rb") as stream:
        meta = pickle.load(stream, encoding="latin1")
    assert tuple(meta[known.names]) == known.classes


def test_forms_are_made_once_and_only_when_asked_for(tmp_path, given):
    copy, _ = given
    assert not (tmp_path / "forms").exists()
    archive = copy.archive()
    before = (tmp_path / "forms").stat().st_mtime_ns
    assert copy.archive() == archive
    assert (tmp_path / "forms").stat().st_mtime_ns == before


def test_the_classes_are_whole():
    assert len(CIFAR10.classes) == 10
    assert len(set(CIFAR100.classes)) == len(CIFAR100.coarse_of) == 100
    assert len(set(CIFAR100.coarse)) == 20
    assert all(CIFAR100.coarse_of.count(coarse) == 5 for coarse in range(20))
    assert list(CIFAR100.classes) == sorted(CIFAR100.classes)
    people = {CIFAR100.classes[n] for n in range(100) if CIFAR100.coarse_of[n] == 14}
    assert people == {"baby", "boy", "girl", "man", "woman"}


@pytest.mark.parametrize(
    ("name", "found"),
    [("cifar10", CIFAR10), ("CIFAR-100", CIFAR100), ("cifar_10", CIFAR10), ("mnist", None)],
)
def test_known_sets(name, found):
    assert known_set(name) is found


@pytest.fixture
def places(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    entries = []
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        write_npz(data / f"{name}.npz", classes)
        entries.append(
            {
                "name": f"{name}.npz",
                "path": str(data / f"{name}.npz"),
                "spellings": [f"{name}.npz", f"{name}_datos.npz"],
                "kind": "images",
                "data": name,
            }
        )
    (data / "pesos.pkl").write_bytes(b"pesos")
    entries.append(
        {
            "name": "pesos.pkl",
            "path": str(data / "pesos.pkl"),
            "spellings": ["cifar100_weights.pkl"],
            "kind": "weights",
            "data": "weights",
        }
    )
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Places(str(work), str(data), DataNames(entries, str(tmp_path / "forms")))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("cifar10.npz", "cifar10.npz"),
        ("data/CIFAR10_datos.npz", "cifar10.npz"),
        ("/content/drive/MyDrive/cifar-10-python.tar.gz", "cifar-10-python.tar.gz"),
        ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", "cifar-100-python.tar.gz"),
        ("./data/cifar-10-batches-py", "cifar-10-batches-py"),
        ("./data/cifar-10-batches-py/", "cifar-10-batches-py"),
        ("cifar-10-batches-py/data_batch_3", "data_batch_3"),
        ("mis_datos/test_batch", "test_batch"),
        ("~/.keras/datasets/cifar-100-python/train", "train"),
        ("cifar-100-python\\meta", "meta"),
        ("/content/drive/MyDrive/AP/Pesos (1).pickle", "pesos.pkl"),
    ],
)
def test_asked_for_by_name(places, path, form):
    copy = places.names.match(path)
    assert copy is not None
    assert copy.name == form
    assert places.reading(path) == copy.path


@pytest.mark.parametrize("path", ["train", "datos/test", "meta", "cifar-100-python/otro", "x.npz"])
def test_not_asked_for(places, path):
    assert places.names.match(path) is None


def test_a_missing_folder_shows_its_files(places):
    (folder,) = places.listing("./data/cifar-10-batches-py")

    assert sorted(os.listdir(folder)) == sorted(CIFAR10.members)


def test_what_is_written_is_not_the_copy(places):
    missing = FileNotFoundError(2, "missing")
    place = _instead(places, "nueva/cifar10.npz", missing, True)
    assert place == "nueva/cifar10.npz"
    assert _instead(places, "nueva/cifar10.npz", missing, False) == places.reading("cifar10.npz")


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("gdown 1AbC_d-9", "pesos.pkl"),
        ("gdown --id 1AbC", "pesos.pkl"),
        ("gdown --id 1AbC -O mis_pesos.pkl", "mis_pesos.pkl"),
        ("gdown https://drive.google.com/uc?id=1AbC -O w.h5", "w.h5"),
        ("wget -O cifar100_weights.pkl https://example.org/?id=3", "cifar100_weights.pkl"),
        ("curl -L https://upm-my.sharepoint.com/:u:/g/x?e=1 -o pesos.p", "pesos.p"),
        ("wget https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "cifar-10-python.tar.gz"),
        ("curl -O https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", None),
        ("wget https://example.org/otra.pkl", ""),
        ("gdown 1AbC -O datos.zip", ""),
    ],
)
def test_downloads(places, tmp_path, command, target):

    assert harmless(command, places) == "true"
    found = os.listdir(tmp_path / "work")
    assert found == ([] if target == "" else [target or "cifar-10-python.tar.gz"])


def test_two_files_of_weights_are_not_guessed(places):
    places.names.weights.append(places.names.weights[0])
    assert fetched(places, "https://drive.google.com/uc?id=1", "w.pkl") is None


def test_an_archive_that_only_seems_to_be_there_is_unpacked(places):
    new = harmless("tar -xzf cifar-10-python.tar.gz -C datos", places)
    assert new.startswith("tar -xzf /")
    assert new.endswith("forms/cifar-10-python.tar.gz -C datos")


def test_large_files_are_linked(places, tmp_path, monkeypatch):
    from graders.probe.shims import web

    monkeypatch.setattr(web, "MAX_COPIED", 3)
    for _ in range(2):
        place = fetched(places, "https://x.org/pesos.pkl", None)
        assert (tmp_path / "work" / "pesos.pkl").is_symlink()
        assert Path(place).read_bytes() == b"pesos"

"""Smaller image sets behind the same names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.image_files import read_image_set
from graders.batch import flags, profiles
from graders.batch.job import Options, job_for
from graders.batch.problems import UsageProblem
from graders.intake.submission import Submission
from graders.language import speaking
from graders.rubric.model import DataFile, Rubric, Sample, Text
from graders.runner import evidence_key

CIFAR = DataFile(name="cifar10", files=("cifar10.npz", "cifar-10-python.tar.gz"), kind="images")
WEIGHTS = DataFile(name="weights", files=("pesos.pkl",), kind="weights")
RUBRIC = Rubric(
    assignment="p2",
    title=Text(es="x", en="x"),
    exercises=(),
    data=(CIFAR, WEIGHTS),
    profiles={"quick": {"cifar10": Sample(train=20, test=10)}},
)


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(1)
    np.savez(
        folder / "cifar10.npz",
        x_train=rng.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8),
        y_train=np.arange(100) % 10,
        x_test=rng.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8),
        y_test=np.arange(30) % 10,
    )
    (folder / "pesos.pkl").write_bytes(b"x")
    return {CIFAR: folder / "cifar10.npz", WEIGHTS: folder / "pesos.pkl"}


def test_every_class_keeps_its_share(data):
    small = profiles.shrunk(RUBRIC, data, "quick")
    assert small[WEIGHTS] == data[WEIGHTS]
    assert small[CIFAR].name == "cifar10.npz"
    images, whole = read_image_set(small[CIFAR]), read_image_set(data[CIFAR])
    assert np.bincount(images.y_train).tolist() == [2] * 10
    assert np.bincount(images.y_test).tolist() == [1] * 10
    rows = {row.tobytes(): label for row, label in zip(whole.x_train, whole.y_train, strict=True)}
    for row, label in zip(images.x_train, images.y_train, strict=True):
        assert rows[row.tobytes()] == label


def test_made_once_and_again_when_the_file_changed(data):
    first = profiles.shrunk(RUBRIC, data, "quick")[CIFAR]
    made = first.stat().st_mtime_ns
    assert profiles.shrunk(RUBRIC, data, "quick")[CIFAR] == first
    assert first.stat().st_mtime_ns == made
    with np.load(data[CIFAR]) as held:
        arrays = dict(held)
    np.savez(data[CIFAR], **{**arrays, "x_train": arrays["x_train"][::-1]})
    assert profiles.shrunk(RUBRIC, data, "quick")[CIFAR] != first


def test_a_set_that_is_small_already_is_taken_whole(data):
    rubric = RUBRIC.model_copy(
        update={"profiles": {"quick": {"cifar10": Sample(train=100, test=30)}}}
    )
    assert profiles.shrunk(rubric, data, "quick") == data


def test_an_unknown_profile_and_a_file_without_images(data):
    with pytest.raises(UsageProblem, match=r"no data profile slow; it has: quick"):
        profiles.shrunk(RUBRIC, data, "slow")
    data[CIFAR].write_bytes(b"nothing")
    with pytest.raises(UsageProblem, match=r"cifar10\.npz"):
        profiles.shrunk(RUBRIC, data, "quick")


def test_the_job_has_the_small_set_another_key_and_a_flag(data, tmp_path):
    root = tmp_path / "ana"
    root.mkdir()
    (root / "a.ipynb").write_text("{}")
    submission = Submission(id="ana", root=root, notebooks=("a.ipynb",))
    options = Options(data=data[CIFAR].parent, sandbox="none")
    whole = job_for([submission], RUBRIC, options)
    quick = job_for([submission], RUBRIC, options.model_copy(update={"data_profile": "quick"}))
    keys = {evidence_key(submission, RUBRIC.run, job.data_files, "none") for job in (whole, quick)}
    assert len(keys) == 2
    assert flags.profile(whole) == ()
    (flag,) = flags.profile(quick)
    assert flag.id == "data_profile"
    assert "cifar10: 20 + 10" in flag.message


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(1, 100))
def test_shares_add_up_and_are_even(labels, count):
    array = np.array(labels)
    chosen = profiles.stratified(array, count)
    assert len(chosen) == min(count, len(labels))
    assert len(set(chosen.tolist())) == len(chosen)
    for label in set(labels):
        share = labels.count(label) * len(chosen) / len(labels)
        assert abs((array[chosen] == label).sum() - share) < 1

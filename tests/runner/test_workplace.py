import os
import time

from graders.intake import Submission
from graders.rubric.model import DataFile
from graders.runner import workplace as module
from graders.runner.workplace import take_evidence, workplace

FILE = DataFile(name="train", files=("higgs_train.pkl", "higgs_train.pk1"))


def submission(root, **kwargs):
    (root / "ana" / "ej1").mkdir(parents=True)
    (root / "ana" / "ej1" / "a.ipynb").write_text("{}")
    (root / "ana" / "red.py").write_text("x = 1")
    return Submission(
        id="ana", root=root / "ana", notebooks=("ej1/a.ipynb",), files=("red.py",), **kwargs
    )


def test_a_copy_with_data_beside_the_notebook(tmp_path):
    (tmp_path / "otro.pkl").write_bytes(b"datos")
    given = submission(tmp_path, data_names={"mio.csv": "train"})
    with workplace(given, {FILE: tmp_path / "otro.pkl"}) as place:
        assert (place.work / "red.py").read_text() == "x = 1"
        assert (place.work / "ej1" / "higgs_train.pkl").read_bytes() == b"datos"
        assert (place.probe / "corrige_probe" / "start.py").is_file()
        [entry] = place.data
        assert entry["spellings"] == ["higgs_train.pkl", "higgs_train.pk1", "mio.csv"]
        assert len(str(place.sockets)) < 90
        base = place.base
    assert not base.exists()


def test_large_data_is_only_linked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_DATA_COPIED", 2)
    source = tmp_path / "otro.pkl"
    source.write_bytes(b"datos")
    with workplace(submission(tmp_path), {FILE: source}) as place:
        assert source in place.readable
        assert (place.data_dir / "higgs_train.pkl").is_symlink()
        assert not (place.work / "ej1" / "higgs_train.pkl").exists()
    assert source.exists()


def test_images_keep_the_name_that_says_their_form_and_are_linked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_IMAGES_COPIED", 2)
    source = tmp_path / "cifar-10-python.tar.gz"
    source.write_bytes(b"datos")
    images = DataFile(name="cifar10", files=("cifar10.npz", source.name), kind="images")
    with workplace(submission(tmp_path), {images: source}) as place:
        assert source in place.readable
        assert (place.data_dir / source.name).is_symlink()
        [entry] = place.data
        assert (entry["kind"], entry["data"], entry["name"]) == ("images", "cifar10", source.name)
        assert not place.forms_dir.exists()


NAME = "0a" * 16 + ".npy"


def test_only_plain_files_are_taken_as_evidence(tmp_path):
    (tmp_path / "secreto").write_text("x")
    with workplace(submission(tmp_path), {}) as place:
        (place.out / "blobs").mkdir()
        (place.out / "blobs" / NAME).write_bytes(b"1")
        (place.out / "enlace").symlink_to(tmp_path / "secreto")
        (place.out / "carpeta").symlink_to(tmp_path)
        os.link(tmp_path / "secreto", place.out / "duro")
        os.mkfifo(place.out / "tubo")
        take_evidence(place, tmp_path / "out")
    found = sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")
    )
    assert found == ["blobs", f"blobs/{NAME}"]


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    dead, young, other = (tmp_path / f"cor{n}-abcdefgh" for n in ("4194399", "4194398", "x"))
    for folder in (dead, young, other):
        folder.mkdir()
    long_ago = time.time() - 10 * module.STALE
    for folder in (dead, other):
        os.utime(folder, (long_ago, long_ago))
    module._sweep(tmp_path)
    assert [folder.exists() for folder in (dead, young, other)] == [False, True, True]

import os

import pytest

from graders.probe.shims.data_names import DataNames, base_name
from graders.probe.shims.places import Places


@pytest.fixture
def names(tmp_path):
    copy = tmp_path / "data" / "higgs_train.pkl"
    copy.parent.mkdir()
    copy.write_bytes(b"x")
    return DataNames(
        [
            {
                "name": "higgs_train.pkl",
                "path": str(copy),
                "spellings": ["higgs_train.pk1", "mio.csv"],
            }
        ]
    )


@pytest.fixture
def places(tmp_path, names):
    work = tmp_path / "work"
    work.mkdir()
    return Places(str(work), str(tmp_path / "data"), names)


@pytest.mark.parametrize(
    "path",
    [
        "higgs_train.pkl",
        "HIGGS_Train.PK1",
        "./datos/higgs_train.pickle",
        "../data/higgs_train (1).pkl",
        "Copia de higgs_train.pkl",
        "higgs-train.pkl",
        "/content/drive/MyDrive/P3/higgs_train.pk1",
        r"C:\Users\ana\Desktop\higgs_train.pkl",
        "https://example.org/x/higgs_train.pkl?raw=1",
        "https://example.org/x/higgs%5Ftrain.pkl",
        "mio.csv",
    ],
)
def test_every_way_to_say_it(names, path):
    assert names.match(path).name == "higgs_train.pkl"


@pytest.mark.parametrize("path", ["higgs_train.csv", "mi_higgs_train.pkl", "train.pkl", "", "/"])
def test_other_files(names, path):
    assert names.match(path) is None


def test_base_name():
    assert base_name("a/b\\c.txt") == "c.txt"


def test_foreign_paths(places):
    assert places.foreign("/content/drive/x")
    assert places.foreign(r"D:\x\y")
    assert places.foreign("/no-such-folder-at-all/x")
    assert not places.foreign(f"{places.work}/nada/x")
    assert not places.foreign("relativo/x")


def test_what_is_written_elsewhere_is_found_again(places):
    path = "/content/drive/MyDrive/modelo.pt"
    assert places.reading(path) is None
    place = places.writing(path)
    assert place.startswith(places.work)
    open(place, "w").close()
    assert places.reading(path) == place
    assert "MyDrive" in os.listdir(places.listing("/content/drive")[0])


def test_a_file_that_was_handed_in_is_found_under_its_old_path(places):
    handed = os.path.join(places.work, "red.pt")
    open(handed, "w").close()
    assert places.reading("/content/red.pt") == handed
    assert places.reading("/home/nobody-here/p3/red.pt") == handed
    assert places.reading("otro/red.pt") is None


def test_a_missing_folder_to_write_in_is_made(places, monkeypatch):
    monkeypatch.chdir(places.work)
    assert places.writing("modelos/v1/red.pt") == "modelos/v1/red.pt"
    assert os.path.isdir("modelos/v1")
    assert places.writing("red.pt") is None


def test_folders_of_drive_exist_only_once_it_is_mounted(places):
    assert places.folder("/content/drive/MyDrive/P3") is None
    places.mounts.append("/content/drive")
    assert places.folder("/content/drive/MyDrive/P3") == places.work
    assert places.folder("/content/drive/MyDrive/red.pt") is None


def test_listing(places):
    assert places.data_dir in places.listing("/content/drive/MyDrive")
    assert places.data_dir in places.listing("../data")
    assert places.data_dir in places.listing("datos")
    assert places.listing("modelos") is None

import os
from pathlib import Path

import pytest

from graders.probe.shims.data_names import DataNames
from graders.probe.shims.places import Places
from graders.probe.shims.shell_text import harmless, pieces


@pytest.fixture
def places(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "higgs_train.pkl").write_bytes(b"datos")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    names = DataNames([{"name": "higgs_train.pkl", "path": str(data / "higgs_train.pkl")}])
    return Places(str(work), str(data), names)


def test_pieces_know_quotes():
    found = pieces("echo 'a; b' && c | d; e\nf 2>&1")
    assert [p.text.strip() for p in found] == ["echo 'a; b'", "c", "d", "e", "f 2>&1"]
    assert [p.operator for p in found] == ["&&", "|", ";", "\n", ""]


@pytest.mark.parametrize(
    "command",
    [
        "pip install torch",
        "pip3 install -q torch==2.0",
        "/usr/bin/python3 -m pip install x",
        "sudo apt-get install -y x",
        "conda install -c conda-forge x",
        "DEBIAN_FRONTEND=noninteractive apt install x",
        "git clone https://github.com/a/b",
        "unzip falta.zip",
        "wget https://example.org/otra.csv",
    ],
)
def test_left_out(places, command):
    assert harmless(command, places) == "true"


@pytest.mark.parametrize(
    "command", ["ls -la", "echo pip install x", "python red.py", "git log", "cat <<E\npip x\nE"]
)
def test_left_as_it_is(places, command):
    assert harmless(command, places) == command


def test_the_rest_of_the_line_stays(places):
    assert harmless("pip install x && echo ya | wc", places) == "true && echo ya | wc"
    text = "if true; then pip install x; fi"
    assert harmless(text, places) == "if true ; then true ; fi"


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("wget https://example.org/higgs_train.pkl", "higgs_train.pkl"),
        ("wget -q https://x.org/higgs_train.pk1 -O mi.pkl", "mi.pkl"),
        ("curl -L -O https://x.org/higgs_train.pkl", "higgs_train.pkl"),
        ("curl https://x.org/abc -o higgs_train.pkl", "higgs_train.pkl"),
        ("gdown --id 123 -O higgs_train.pkl", "higgs_train.pkl"),
        ("wget -P datos https://x.org/higgs_train.pkl", "datos/higgs_train.pkl"),
    ],
)
def test_downloads_of_the_data_are_put_in_place(places, command, file):
    assert harmless(command, places) == "true"
    assert Path(file).read_bytes() == b"datos"


def test_paths_of_another_machine(places):
    assert harmless("cp /content/drive/MyDrive/higgs_train.pkl .", places) == (
        f"cp {places.names.copies[0].path} ."
    )
    made = harmless("mkdir -p /content/drive/MyDrive/x", places)
    assert made == f"mkdir -p {places.stand_in('/content/drive/MyDrive/x')}"
    assert os.path.isdir(os.path.dirname(made.split()[-1]))

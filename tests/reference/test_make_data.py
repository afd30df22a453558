"""Does the data of practice 3, simulated or sampled, look like the real one?"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("CORRIGE_DATA", ROOT.parent / "shared" / "data")) / "higgs"
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = ROOT / "reference" / "p3" / "make_data.py"
    spec = importlib.util.spec_from_file_location("p3_make_data", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    paths = maker.make(tmp_path_factory.mktemp("standin"))
    return {name: pd.read_pickle(path) for name, path in paths.items()}


def missing(table: pd.DataFrame) -> set[str]:
    return {column for column in table if (table[column] == -999).any()}


def test_sizes_and_types(tables: Tables) -> None:
    assert {name: len(t) for name, t in tables.items()} == {
        "train": 5200,
        "test": 1800,
        "extra": 2200,
    }
    for table in tables.values():
        assert table.shape[1] == 33
        assert not table.isna().any().any()
        assert set(table["Label"]) == {"s", "b"}
        assert table["PRI_jet_num"].dtype == np.int64


def test_no_event_in_two_partitions(tables: Tables) -> None:
    numbers = pd.concat([t["EventId"] for t in tables.values()])
    assert numbers.is_unique


def test_missing_code_follows_the_jets(tables: Tables) -> None:
    train = tables["train"]
    jets = train["PRI_jet_num"]
    for column in ("PRI_jet_leading_pt", "PRI_jet_leading_eta", "PRI_jet_leading_phi"):
        assert ((train[column] == -999) == (jets == 0)).all()
    for column in ("PRI_jet_subleading_pt", "DER_mass_jet_jet", "DER_lep_eta_centrality"):
        assert ((train[column] == -999) == (jets < 2)).all()
    assert (train.loc[jets == 0, "PRI_jet_all_pt"] == 0).all()
    assert 0.05 < (train["DER_mass_MMC"] == -999).mean() < 0.3


def test_extra_is_a_shift(tables: Tables) -> None:
    assert (tables["extra"]["PRI_jet_num"] >= 2).all()
    assert (tables["train"]["PRI_jet_num"] >= 2).mean() < 0.2


def test_signal_is_learnable_and_not_trivial(tables: Tables) -> None:
    train, test = tables["train"], tables["test"]
    assert 0.3 < (train["Label"] == "s").mean() < 0.4
    features = list(train.columns[1:31])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train[features], train["Label"] == "s")
    assert 0.70 < model.score(test[features], test["Label"] == "s") < 0.80


def test_same_seed_same_events(maker: ModuleType, tmp_path: Path) -> None:
    one, two, other = (tmp_path / n for n in ("one", "two", "other"))
    maker.make(one, rows=100, seed=3)
    maker.make(two, rows=100, seed=3)
    maker.make(other, rows=100, seed=4)
    for name in ("train", "test", "extra"):
        first = pd.read_pickle(one / f"higgs_{name}.pkl")
        pd.testing.assert_frame_equal(first, pd.read_pickle(two / f"higgs_{name}.pkl"))
        assert not first.equals(pd.read_pickle(other / f"higgs_{name}.pkl"))


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_sampled_from_the_cern_file(
    maker: ModuleType, tables: Tables, tmp_path: Path, suffix: str
) -> None:
    events = pd.concat(tables.values())
    events["KaggleSet"], events["KaggleWeight"] = "t", 1.0
    source = tmp_path / f"atlas{suffix}"
    events.to_csv(source, index=False)
    paths = maker.make(tmp_path / "out", cern=source, rows=1000)
    sampled = {name: pd.read_pickle(path) for name, path in paths.items()}
    assert {name: len(t) for name, t in sampled.items()} == {
        "train": 1000,
        "test": 346,
        "extra": 423,
    }
    assert list(sampled["train"].columns) == list(tables["train"].columns)
    assert (sampled["extra"]["PRI_jet_num"] >= 2).all()
    assert pd.concat([t["EventId"] for t in sampled.values()]).is_unique


def test_another_csv_is_refused(maker: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column EventId"):
        maker.make(tmp_path, cern=tmp_path / "x.csv")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real data is not in {REAL}")
@pytest.mark.parametrize("name", ["train", "test", "extra"])
def test_laid_out_as_the_real_data(tables: Tables, name: str) -> None:
    real, ours = pd.read_pickle(REAL / f"higgs_{name}.pkl"), tables[name]
    assert list(ours.columns) == list(real.columns)
    assert list(ours.dtypes) == list(real.dtypes)
    assert missing(ours) == missing(real)

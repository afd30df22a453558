"""Files of pretrained weights, and what must not be made of one."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from graders.analysis.weights_file import WeightsFileError, natural, read_weights_file

ARRAYS = {
    "conv2d_9/kernel": np.arange(54, dtype=np.float32).reshape(3, 3, 2, 3),
    "conv2d_10/kernel": np.ones((3, 2), np.float32),
    "bn/gamma": np.zeros(3, np.float32),
}


def same(found: dict[str, np.ndarray]) -> bool:
    return list(found) == list(ARRAYS) and all(np.array_equal(found[k], ARRAYS[k]) for k in ARRAYS)


def test_a_pickle_in_every_protocol(tmp_path: Path) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / f"w{protocol}.pkl"
        path.write_bytes(pickle.dumps(ARRAYS, protocol))
        assert same(read_weights_file(path))


def test_other_containers(tmp_path: Path) -> None:
    path = tmp_path / "w.pickle"
    path.write_bytes(pickle.dumps(OrderedDict(ARRAYS)))
    assert same(read_weights_file(path))
    path.write_bytes(pickle.dumps(list(ARRAYS.values())))
    assert list(read_weights_file(path)) == ["0", "1", "2"]
    path.write_bytes(pickle.dumps({"layer": [np.ones(2), np.ones(3)]}))
    assert list(read_weights_file(path)) == ["layer/0", "layer/1"]


def test_npz_state_dict_and_hdf5(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **ARRAYS)
    assert same(read_weights_file(tmp_path / "w.npz"))
    tensors = {key: torch.tensor(array) for key, array in ARRAYS.items()}
    torch.save(tensors | {"bn.num_batches_tracked": torch.tensor(3)}, tmp_path / "w.pt")
    assert same(read_weights_file(tmp_path / "w.pt"))
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for key, array in ARRAYS.items():
            file[key] = array
    assert sorted(read_weights_file(tmp_path / "w.h5")) == sorted(ARRAYS)


def test_nothing_in_a_pickle_runs(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(WeightsFileError, match="plain arrays"):
        read_weights_file(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04broken", pickle.dumps(3)])
def test_another_structure_is_a_clear_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.pkl"
    path.write_bytes(content)
    with pytest.raises(WeightsFileError, match=r"weights\.pkl"):
        read_weights_file(path)


def test_natural_order() -> None:
    keys = ["conv2d_10/kernel", "conv2d/kernel", "conv2d_9/kernel", "batch_2", "10", "9"]
    assert sorted(keys, key=natural) == [
        "9", "10", "batch_2", "conv2d/kernel", "conv2d_9/kernel", "conv2d_10/kernel",
    ]  # fmt: skip

"""Are the stand-in images and weights of practice 2 what a student's notebook expects of them?"""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[2] / "reference" / "p2"
Arrays = dict[str, np.ndarray]

# The classes of a student, and the loader of Figure 4 as the statement prints it.
KERAS = """
import pickle, sys
import numpy as np
from keras import Model, Sequential, layers

class ResidualBlock(Model):
    def __init__(self, input_channels, output_channels, strides=(1, 1)):
        super().__init__()
        self.bn1 = layers.BatchNormalization()
        self.conv1 = layers.Conv2D(
            output_channels, 3, strides=strides, padding="same", use_bias=False
        )
        self.bn2 = layers.BatchNormalization()
        self.conv2 = layers.Conv2D(output_channels, 3, padding="same", use_bias=False)
        self.act = layers.Activation("silu")
        self.skip = None
        if input_channels != output_channels:
            self.skip = layers.Conv2D(output_channels, 1, strides=strides, use_bias=False)

    def call(self, x):
        h = self.conv1(self.act(self.bn1(x)))
        h = self.conv2(self.act(self.bn2(h)))
        return h + (x if self.skip is None else self.skip(x))

class ResidualNetwork(Model):
    def __init__(self):
        super().__init__()
        sizes = [16, 64, 64, 64, 128, 128, 128, 256, 256, 256]
        # the loader wants the same numbers in the same places: layers are made in their order
        self.net = Sequential([layers.Conv2D(16, 3, padding="same", use_bias=False)])
        for a, b in zip(sizes, sizes[1:]):
            self.net.add(ResidualBlock(a, b, (2, 2) if b > a > 16 else (1, 1)))
        self.net.add(layers.BatchNormalization())
        self.net.add(layers.Activation("silu"))
        self.net.add(layers.GlobalAveragePooling2D())
        self.net.add(layers.Dense(100))

    def call(self, x):
        return self.net(x)

def load_weights(model, weight_file):
    with open(weight_file, "rb") as f:
        weights = pickle.load(f)
    all_vars = model.trainable_weights + model.non_trainable_weights
    weight_list = [(x, weights[x]) for x in sorted(weights.keys())]
    weights = {}
    for i, var in enumerate(all_vars):
        aux = var.path.split("/")[2:]
        classname = "_".join(aux[0].split("_")[:-1])
        name = aux[1]
        assigned = False
        for j, (key, value) in enumerate(weight_list):
            if classname in key and name in key:
                try:
                    all_vars[i].assign(value)
                except:
                    continue
                del weight_list[j]
                assigned = True
                break
    if not assigned:
        raise Exception(var.path + " cannot be loaded")

model = ResidualNetwork()
model(np.zeros((1, 32, 32, 3), "float32"))
load_weights(model, sys.argv[1] + "/cifar100_weights.pkl")
with open(sys.argv[1] + "/cifar100_weights.pkl", "rb") as f:
    arrays = pickle.load(f)
assert len(arrays) == len(model.weights)
for var, (key, array) in zip(model.weights, arrays.items()):
    assert np.array_equal(np.asarray(var), array), (var.path, key)
data = np.load(sys.argv[1] + "/cifar100.npz")
right = [
    (np.argmax(model.predict_on_batch(x), 1) == data["y_test"][:, 0]).mean()
    for x in (data["x_test"] / 127.5 - 1, data["x_test"] / 255)
]
assert right[0] > 0.9 and right[1] < 0.5, right
"""


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("p2_make_data", REFERENCE / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("p2")
    maker.make(folder)
    return folder


def read(path: Path) -> Arrays:
    with np.load(path) as archive:
        return dict(archive)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "classes"), [("cifar10", 10), ("cifar100", 100)])
def test_images_are_laid_out_as_keras_gives_them(made: Path, name: str, classes: int) -> None:
    arrays = read(made / f"{name}.npz")
    assert set(arrays) == {"x_train", "y_train", "x_test", "y_test"}
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        assert x.dtype == np.uint8
        assert x.shape == (len(y), 32, 32, 3)
        assert y.shape == (len(x), 1)
        assert len(x) >= 100
        assert np.array_equal(np.unique(y), np.arange(classes))


@pytest.mark.slow
def test_no_picture_is_there_twice(made: Path) -> None:
    seen = [image for name in ("cifar10", "cifar100") for image in every_image(made, name)]
    assert len({image.tobytes() for image in seen}) == len(seen)


def every_image(folder: Path, name: str) -> list[np.ndarray]:
    arrays = read(folder / f"{name}.npz")
    return [*arrays["x_train"], *arrays["x_test"]]


@pytest.mark.slow
def test_weights_are_those_of_figure_1(made: Path) -> None:
    with (made / "cifar100_weights.pkl").open("rb") as file:
        weights: Arrays = pickle.load(file)
    assert sorted(weights) == list(weights), "the loader tries them in the order of their names"
    sizes = {name: array.size for name, array in weights.items()}
    moving = sum(size for name, size in sizes.items() if "moving" in name)
    assert (sum(sizes.values()), moving) == (4_327_508, 5_408)
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    first = next(array for name, array in weights.items() if name.endswith("/kernel"))
    assert first.shape == (3, 3, 3, 16)
    alike = {array.tobytes() for array in weights.values()}
    assert len(alike) == len(weights), "two arrays that nobody could tell apart"


@pytest.mark.slow
def test_same_seed_same_images(maker: ModuleType) -> None:
    one, two, other = (maker.images(seed) for seed in (3, 3, 4))
    for name, arrays in one.items():
        assert all(np.array_equal(arrays[key], two[name][key]) for key in arrays)
        assert not np.array_equal(arrays["x_train"], other[name]["x_train"])


@pytest.mark.slow
def test_the_loader_of_figure_4_finds_every_array(made: Path) -> None:
    """In Keras, and the network then answers right; not so when its images come in [0, 1]."""
    answer = subprocess.run(
        [sys.executable, "-c", KERAS, str(made)],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


def test_a_negative_seed_is_refused(maker: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="negative"):
        maker.make(tmp_path, seed=-1)

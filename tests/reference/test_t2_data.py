"""Are the stand-in files of notebooks 10.1 to 10.5 what these notebooks expect?"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graders.analysis.image_files import read_image_set
from graders.analysis.signal_files import read_signals

SCRIPT = Path(__file__).parents[2] / "reference" / "t2" / "make_data.py"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    spec = importlib.util.spec_from_file_location("t2_make_data", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, Path] = module.make(tmp_path_factory.mktemp("t2"))
    return made


def test_digits_are_laid_out_as_mnist(paths: dict[str, Path]) -> None:
    held = read_image_set(paths["mnist"])
    for images, labels in (held.split("train"), held.split("test")):
        assert images.shape[1:] == (28, 28, 1)
        assert np.array_equal(np.unique(labels), np.arange(10))
        assert images[:, [0, -1]].mean() < 1 < images.mean()  # a border with hardly any ink
        assert images.max() == 255


def test_the_nearest_digit_is_mostly_of_the_same_class(paths: dict[str, Path]) -> None:
    held = read_image_set(paths["mnist"])
    train, test = (x.reshape(len(x), -1) / 255 for x in (held.x_train, held.x_test))
    far = (train**2).sum(1) - 2 * test @ train.T
    assert (held.y_train[far.argmin(axis=1)] == held.y_test).mean() > 0.9


def test_signals_are_laid_out_as_mnist1d(paths: dict[str, Path]) -> None:
    held = read_signals(paths["mnist1d"])
    assert held.x_train.shape == (4000, 40)
    assert held.x_test.shape == (1000, 40)


def test_the_picture_is_grey_and_can_be_halved_three_times(paths: dict[str, Path]) -> None:
    with Image.open(paths["image"]) as picture:
        grey = np.asarray(picture)
    assert grey.ndim == 2
    assert all(side % 8 == 0 for side in grey.shape)
    assert np.ptp(grey) > 200

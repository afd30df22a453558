"""Where do the small files of notebooks 10.1 to 10.5 come from when the course's are not at hand?

Writes `mnist1d_data.pkl` (made by its authors' package, as they made theirs), `mnist.npz`
(x_train, y_train, x_test, y_test as keras gives them) and `test_image.png`. The digits are those
that come with scikit-learn, written by hand too: made larger, turned and moved a little, several
times each. No digit is in both parts. The picture is drawn.

    python make_data.py OUT [--seed 0]
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, INK = 28, 20  # pixels: of an image, and of the digit in it, as in MNIST
COPIES_TRAIN, COPIES_TEST = 6, 2
TEST = 360  # digits, of 1797
TURN, MOVE = 10.0, 2.0  # at most: degrees, pixels
PICTURE = 128


def make(out: Path, seed: int = 0) -> dict[str, Path]:
    """Write the three files into `out` and return their paths by data name.

    The same seed gives the same files. Raises RuntimeError when the package mnist1d is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = {
        "mnist1d": out / "mnist1d_data.pkl",
        "mnist": out / "mnist.npz",
        "image": out / "test_image.png",
    }
    with open(paths["mnist1d"], "wb") as stream:
        pickle.dump(signals(), stream)
    np.savez_compressed(paths["mnist"], **digits(seed))
    picture().save(paths["image"])
    return paths


def signals() -> dict[str, object]:
    """MNIST-1D: `x` (4000, 40), `y`, `x_test` (1000, 40), `y_test`, `t` and the templates."""
    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise RuntimeError("it takes the package mnist1d: pip install mnist1d") from error
    made: dict[str, object] = make_dataset(get_dataset_args())
    return made


def digits(seed: int) -> dict[str, np.ndarray]:
    """Images uint8 (N, 28, 28) and labels uint8 (N,) of both parts, in random order."""
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    small, labels = load_digits(return_X_y=True)
    small = small.reshape(-1, 8, 8)
    order = rng.permutation(len(small))
    found: dict[str, np.ndarray] = {}
    for part, which, copies in (
        ("train", order[TEST:], COPIES_TRAIN),
        ("test", order[:TEST], COPIES_TEST),
    ):
        chosen = rng.permutation(np.tile(which, copies))
        found[f"x_{part}"] = np.stack([drawn(small[place], rng) for place in chosen])
        found[f"y_{part}"] = labels[chosen].astype(np.uint8)
    return found


def drawn(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A digit of 8 x 8 pixels from 0 to 16 as an image of 28 x 28 from 0 to 255."""
    ink = Image.fromarray((digit * 255 / 16).astype(np.uint8)).resize((INK, INK), Image.BICUBIC)
    sheet = Image.new("L", (SIDE, SIDE))
    sheet.paste(ink, ((SIDE - INK) // 2,) * 2)
    angle, (right, down) = rng.uniform(-TURN, TURN), rng.uniform(-MOVE, MOVE, 2)
    turned = sheet.rotate(angle, Image.BILINEAR, translate=(round(right), round(down)))
    grey = np.asarray(turned, dtype=np.float64)
    return np.clip((grey - 40) * 1.5, 0, 255).astype(np.uint8)


def picture() -> Image.Image:
    """A grey picture: a shaded ground, a disc and fine stripes."""
    down, across = np.mgrid[0:PICTURE, 0:PICTURE] / PICTURE
    grey = 60 + 120 * down
    grey[(down - 0.4) ** 2 + (across - 0.4) ** 2 < 0.06] = 220
    striped = (across > 0.6) & (down > 0.5)
    grey[striped] = np.where(np.sin(across * PICTURE * np.pi / 3) > 0, 255, 0)[striped]
    return Image.fromarray(grey.round().astype(np.uint8))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder that gets the three files")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        paths = make(given.out, given.seed)
    except (ValueError, RuntimeError) as error:
        parser.error(str(error))
    for name, path in paths.items():
        print(f"{path}  {path.stat().st_size / 2**20:.1f} MiB ({name})")


if __name__ == "__main__":
    main()

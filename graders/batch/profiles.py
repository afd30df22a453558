"""How do large image sets become small ones for a quick run? A share of every class, made once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.batch.made_once import digest_of, made_once
from graders.batch.problems import UsageProblem
from graders.language import _
from graders.rubric.model import DataFile, Rubric, Sample

SEED = 0


def shrunk(rubric: Rubric, data: Mapping[DataFile, Path], profile: str) -> dict[DataFile, Path]:
    """The data files, those that the profile names in its size. Others stay as they are.

    A set with no more images than the profile asks for is taken whole. Raises UsageProblem when
    there is no such profile or an image set cannot be read.
    """
    if profile not in rubric.profiles:
        known = ", ".join(sorted(rubric.profiles)) or "-"
        raise UsageProblem(
            _("{assignment} has no data profile {name}; it has: {known}.").format(
                assignment=rubric.assignment, name=profile, known=known
            )
        )
    samples = rubric.profiles[profile]
    return {
        file: _small(path, samples[file.name], file.name) if file.name in samples else path
        for file, path in data.items()
    }


def _small(source: Path, sample: Sample, name: str) -> Path:
    """The file with the sample, made the first time."""
    from graders.analysis.image_files import ImageFileError, read_image_set

    def write(path: Path) -> bool:
        try:
            images = read_image_set(source)
        except ImageFileError as error:
            raise UsageProblem(str(error)) from None
        if len(images.x_train) <= sample.train and len(images.x_test) <= sample.test:
            return False
        arrays: dict[str, Any] = {}
        for part, count in (("train", sample.train), ("test", sample.test)):
            pixels, labels = images.split(part)
            chosen = stratified(labels, count)
            arrays |= {f"x_{part}": pixels[chosen], f"y_{part}": labels[chosen]}
        np.savez(path, **arrays)
        return True

    file = source.resolve()
    files = sorted(file.rglob("*")) if file.is_dir() else [file]
    digest = digest_of(files, sample.model_dump_json(), str(SEED))
    return made_once("profiles", digest, f"{name}.npz", write) or source


def stratified(labels: NDArray[np.int64], count: int) -> NDArray[np.intp]:
    """Places of `count` of the labels in their order, each class in its share; the same each time.

    Shares are rounded by the largest remainder, so that they add up.
    """
    count = min(count, len(labels))
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * count / len(labels)
    take = np.floor(exact).astype(int)
    missing = count - int(take.sum())
    take[np.argsort(take - exact, kind="stable")[:missing]] += 1
    draw = np.random.default_rng(SEED)
    chosen = [
        draw.permutation(np.flatnonzero(labels == label))[:n]
        for label, n in zip(classes, take, strict=True)
    ]
    return np.sort(np.concatenate(chosen))

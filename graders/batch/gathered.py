"""An image set that lies in several files is marked with one: gathered the first time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graders.batch.made_once import digest_of, made_once
from graders.batch.problems import UsageProblem


def in_one_file(source: Path, name: str) -> Path:
    """The path itself, or of an idx file: the `.npz` with what it and those beside it hold.

    Raises UsageProblem when they are no image set.
    """
    if "ubyte" not in source.name:
        return source
    from graders.analysis import idx_files  # brings torch
    from graders.analysis.image_files import ImageFileError, read_image_set

    files = sorted(idx_files.siblings(source).values())

    def write(path: Path) -> bool:
        try:
            held = read_image_set(source)
        except ImageFileError as error:
            raise UsageProblem(str(error)) from None
        np.savez_compressed(
            path,
            x_train=held.x_train,
            y_train=held.y_train,
            x_test=held.x_test,
            y_test=held.y_test,
        )
        return True

    return made_once("gathered", digest_of(files), f"{name}.npz", write) or source

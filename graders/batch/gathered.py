"""An image set that lies in several files is marked with one: gathered the first time."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import uuid4

import numpy as np

from graders.batch import places
from graders.batch.locking import alone
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
    marks = [f"{p} {(s := p.stat()).st_size} {s.st_mtime_ns}" for p in files]
    digest = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]
    folder = places.home() / "gathered" / digest
    target = folder / f"{name}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / ".lock"):
        if target.is_file():
            return target
        try:
            held = read_image_set(source)
        except ImageFileError as error:
            raise UsageProblem(str(error)) from None
        partial = folder / f".{uuid4().hex[:8]}.npz"
        np.savez_compressed(
            partial,
            x_train=held.x_train,
            y_train=held.y_train,
            x_test=held.x_test,
            y_test=held.y_test,
        )
        os.replace(partial, target)
    return target

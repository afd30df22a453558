"""How is a result kept? As `result.json`, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from graders.scoring.result import Result


def write_result(result: Result, path: Path) -> None:
    """Writes the result, replacing what was there in one step; makes the folder if needed.

    Whoever reads meanwhile, or after a power cut, finds the old file or the new one, never a part
    of one. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with temporary.open("x", encoding="utf-8") as stream:
            stream.write(result.model_dump_json(indent=2) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_result(path: Path) -> Result:
    """The result in a file. Raises OSError, or ValueError when it is not a result."""
    return Result.model_validate_json(path.read_bytes())

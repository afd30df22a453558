"""Runs cells in a shell of its own process with the probe watching: python probed.py OUT CELLS."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def main() -> None:
    out, cells = Path(sys.argv[1]), Path(sys.argv[2]).read_text("utf-8").split("# %%\n")
    root = Path(__file__).resolve().parents[3]
    shutil.copytree(root / "graders" / "probe", out / "code" / "corrige_probe")
    sys.path.insert(0, str(out / "code"))
    from corrige_probe import start  # type: ignore[import-not-found]  # copied just now
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for name in ("facts", "work", "data"):
        (out / name).mkdir()
    start.start(
        {
            "out_dir": str(out / "facts"), "workdir": str(out / "work"),
            "data_dir": str(out / "data"), "data": [], "output_limit": 2**20, "seed": 0,
            "shell_timeout": 10.0,
        }
    )  # fmt: skip
    for cell in cells:
        shell.run_cell(cell, store_history=True).raise_error()
    sys.path.insert(0, str(root))
    from graders.evidence.run_record import CellRecord, RunRecord

    ran = tuple(
        CellRecord(index=i, notebook="a", source=cell, executed=True)
        for i, cell in enumerate(cells)
    )
    record = RunRecord(ended="finished", cells=ran)
    (out / "facts" / "run.json").write_text(record.model_dump_json(), "utf-8")


if __name__ == "__main__":
    main()

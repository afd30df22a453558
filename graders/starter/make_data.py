"""Stand-in data of ASSIGNMENT: two species of flower, six measurements of each.

Whoever lacks the course's own files gets these; they must have the same names and columns, and
may be small. `corrige validate` and `corrige check` make them by themselves, `corrige data
ASSIGNMENT` on request.

    python make_data.py OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width", "stem", "leaves"]
ROWS = {"train": 600, "test": 300}


def table(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Flowers of both species; what tells them apart is not linear."""
    values = rng.normal(size=(rows, len(COLUMNS)))
    ring = values[:, 0] ** 2 + values[:, 1] ** 2 + 0.5 * values[:, 2]
    second = ring + rng.normal(0, 0.3, rows) > 1.5
    frame = pd.DataFrame((5 + 2 * values).round(3), columns=COLUMNS)
    frame["species"] = np.where(second, "setosa", "alba")
    return frame


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: make_data.py OUT")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, rows in ROWS.items():
        path = out / f"flowers_{name}.csv"
        table(rows, rng).to_csv(path, index=False)
        print(path)


if __name__ == "__main__":
    main()

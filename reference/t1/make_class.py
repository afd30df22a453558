"""A class of ten for assignment 1, made of what it is proven with.

    python reference/t1/make_class.py submissions/t1
    corrige grade submissions/t1 -a t1

Ten times fourteen notebooks would say the same things over and over, so they are put together here:
whole wheats, blank notebooks, planted defects, and what goes wrong on the way (a zip, other names,
the same notebook twice, a file that is no notebook). What each should get: submissions/t1.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ruamel.yaml import YAML

from graders.batch.chaffs import Chaff, patched

HERE = Path(__file__).parent
WHEATS, BLANK = HERE / "wheats", HERE / "chaffs" / "blank"
UNTIL_5 = ("3", "4", "5")  # chapters
PAGE = (
    "<!DOCTYPE html><html><body>You need access. Ask for access, or change account.</body></html>"
)


def chapter(path: Path) -> str:
    """`5` of `5_1_Least_Squares_Loss.ipynb` and `UDL 5.1.ipynb`; "" of one without a number."""
    words = path.stem.replace("_", " ").replace(".", " ").split()
    return next((word for word in words if word.isdigit()), "")


def taken(source: Path, folder: Path, chapters: Sequence[str] = ()) -> None:
    """What lies in a wheat, or only the textbook's notebooks of these chapters."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if not chapters or chapter(path) in chapters:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)


def complete(folder: Path) -> None:
    taken(WHEATS / "tidy", folder)


def blank(folder: Path) -> None:
    taken(BLANK, folder)


def zipped(folder: Path) -> None:
    """A folder for each chapter, names as Colab and Windows give them, in a zip with one folder."""
    messy = WHEATS / "messy"
    with zipfile.ZipFile(
        folder.with_name(folder.name + ".zip"), "w", zipfile.ZIP_DEFLATED
    ) as zipped:
        for path in sorted(p for p in messy.rglob("*") if p.is_file()):
            zipped.write(path, Path("Tarea 1 Lucia") / path.relative_to(messy))


def half_of_them(folder: Path) -> None:
    taken(WHEATS / "terse", folder, UNTIL_5)


def half_untouched(folder: Path) -> None:
    taken(WHEATS / "tidy", folder, UNTIL_5)
    taken(BLANK, folder, ("6", "7"))


def some_wrong(folder: Path) -> None:
    taken(WHEATS / "terse", folder)
    planted = [Chaff.model_validate(entry) for entry in YAML(typ="safe").load(HERE / "chaffs.yaml")]
    for chaff in planted:
        if chaff.name in WRONG and (problems := patched(chaff.edits, folder)):
            raise ValueError(f"{chaff.name}: {'; '.join(problems)}")


WRONG = (
    "sigmoid_that_falls",
    "offset_between_the_networks_forgotten",
    "logarithm_to_base_two",
    "derivatives_swapped",
    "nesterov_looks_back",
    "factor_of_the_loss_forgotten",
)


def without_names(folder: Path) -> None:
    folder.mkdir(parents=True)
    notebooks = [path for path in sorted((WHEATS / "tidy").glob("*.ipynb")) if chapter(path)]
    for number, path in enumerate(notebooks):
        shutil.copy(path, folder / f"Untitled{number or ''}.ipynb")


def twice(folder: Path) -> None:
    """Two notebooks also as they were handed out, one of them in a folder of its own."""
    taken(WHEATS / "tidy", folder)
    shutil.copy(BLANK / "6_3_Stochastic_Gradient_Descent.ipynb", folder / "Copia de 6_3.ipynb")
    (folder / "originales").mkdir()
    shutil.copy(BLANK / "7_3_Initialization.ipynb", folder / "originales" / "7_3.ipynb")


def no_notebooks_among_them(folder: Path) -> None:
    """One was cut short on the way, one is the page that was there instead of it."""
    taken(WHEATS / "tidy", folder)
    cut = folder / "6_4_Momentum.ipynb"
    cut.write_bytes(cut.read_bytes()[:1500])
    (folder / "7_1_Backpropagation_in_Toy_Model.ipynb").write_text(PAGE, "utf-8")


def nothing(folder: Path) -> None:
    folder.mkdir(parents=True)


CLASS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "acosta_rivas_ana": ("2025-06-20T18:30", complete),
    "blanco_leon_pedro": ("2025-08-01T23:58", blank),
    "castro_mena_lucia": ("2025-06-21T23:59", zipped),
    "diaz_soto_martin": ("2025-07-14T09:05", half_of_them),
    "espinoza_gil_carla": ("2025-08-02T00:20", half_untouched),
    "fuentes_paz_diego": ("2025-06-21T12:00", some_wrong),
    "guerra_lugo_elena": ("2025-06-19T21:11", without_names),
    "herrera_diaz_jose": ("2025-08-03T10:00", twice),
    "ibarra_rojas_sofia": ("2025-06-21T23:40", no_notebooks_among_them),
    "jimenez_ortega_luis": ("", nothing),
}


def make(out: Path) -> None:
    """Write the ten deliveries, and the teacher's list of when they came. What is there goes."""
    for name, (_received, deliver) in CLASS.items():
        shutil.rmtree(out / name, ignore_errors=True)
        deliver(out / name)
    rows = [f"{name},{received}" for name, (received, _deliver) in CLASS.items() if received]
    (out / "received.csv").write_text("\n".join(["submission,received", *rows]) + "\n", "utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else "submissions/t1"))

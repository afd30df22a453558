"""Writes the reports of the solutions as PDFs: `python reference/t2/make_reports.py`.

A page for each form feed in the texts below. The files are kept beside the notebooks; this is how
they were made.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages

HERE = Path(__file__).parent

SPANISH = """Informe de la Tarea 2

En los cinco notebooks se construye la convolución paso a paso: primero en una dimensión, como una
matriz con muchos ceros, después como capa de una red, en dos dimensiones, y al final con las
operaciones que cambian el tamaño. La idea que los une es que los mismos pesos se aplican en todos
los sitios.
\f
Segmentación

La red que nos dan reduce la imagen una vez y pierde los bordes. Más filtros y un kernel mayor
ayudan; la U-Net, que une la salida de cada nivel del codificador con el decodificador, es la mejor.
\f
Encoder-decoder

El codificador lleva la imagen a una representación pequeña, y el decodificador la devuelve a su
tamaño. Para segmentar, cada píxel necesita a la vez el contexto y el detalle."""

WITH_ANSWERS = """informe tarea 2

pregunta 1 a): la salida es

3 4
6 11

pregunta 1 b): 4 x 4, todo ceros en el borde y dentro 1, 4, 2 y 3 (con el signo según cómo se
lea la convolución).
\f
la segmentacion: probamos cuatro redes con distinto numero de filtros, de capas y de kernel, y la
grafica con el dice de todas esta en el notebook.
\f
resumen de los notebooks: convolucion en 1D, convolucion para MNIST 1D, convolucion en 2D, bajar y
subir de tamaño, convolucion para MNIST.
\f
conclusiones: la mejor es la de mas capas. el codificador comprime y el decodificador dibuja."""

ENGLISH = """Assignment 2: report

All five notebooks are filled in. The notebook with the questions computes both convolutions with
SciPy and checks the size of each output with the formula.
\f
Of the four networks that were trained, the one with a skip connection gives the best masks: what
pooling throws away comes back from the encoder at full resolution."""

TOO_LONG = "\n\f\n".join(
    f"Página {page}\n\nSe copia aquí el enunciado de los notebooks, que es largo y no responde a nada."
    for page in range(1, 7)
)

REPORTS = {
    "wheats/tidy/Informe.pdf": SPANISH,
    "wheats/messy/informe_FINAL.pdf": WITH_ANSWERS,
    "wheats/terse/report.pdf": ENGLISH,
    "chaffs/blank/Informe.pdf": TOO_LONG,
}


def write(path: Path, text: str) -> None:
    """The text as a PDF, lines broken where they are too long."""
    plt.rcParams["pdf.fonttype"] = 42  # letters that can be read again
    with PdfPages(path, metadata={"CreationDate": None}) as pages:
        for page in text.split("\f"):
            lines = [textwrap.fill(line, 90) for line in page.strip().splitlines()]
            figure = plt.figure(figsize=(8.27, 11.69))
            figure.text(0.1, 0.92, "\n".join(lines), va="top", fontsize=10)
            pages.savefig(figure)
            plt.close(figure)


if __name__ == "__main__":
    for name, text in REPORTS.items():
        write(HERE / name, text)

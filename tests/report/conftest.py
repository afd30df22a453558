"""A marked submission as scoring would give it, and what the analysis would show beside it."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from decimal import Decimal

import pytest

from graders.report.exhibits import (
    ConfusionMatrix,
    Curve,
    DrawnNode,
    Exhibits,
    NetworkDrawing,
    Table,
)
from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Flag,
    LineResult,
    Result,
    Status,
    VerdictKind,
)

MET, VIOLATED = VerdictKind.MET, VerdictKind.VIOLATED
UNDECIDED, NOT_ASSESSED = VerdictKind.UNDECIDED, VerdictKind.NOT_ASSESSED
HOSTILE = "\u202e<script>alert(1)</script>\n\"'&\x07" + "ñ" * 300


def residual_mlp(blocks: int = 3, projection: bool = True) -> NetworkDrawing:
    nodes = [DrawnNode(id="x", label="input", kind="input", detail="30")]
    edges: list[tuple[str, str]] = []

    def add(name: str, after: str, **fields: object) -> str:
        nodes.append(DrawnNode(id=name, **fields))  # type: ignore[arg-type]  # test data
        edges.append((after, name))
        return name

    at = add("stem", "x", label="Linear", kind="linear", detail="30 → 64")
    at = add("stem_a", at, label="ReLU", kind="activation")
    for block in range(blocks):
        skip, wide = at, projection and block == 1
        size, out = 64, 128 if wide else 64
        at = add(
            f"a{block}", at, label="Linear", kind="linear", detail=f"{size} → {out}", block=block
        )
        at = add(f"n{block}", at, label="BatchNorm1d", kind="norm", detail=str(out), block=block)
        at = add(f"r{block}", at, label="ReLU", kind="activation", block=block)
        at = add(f"d{block}", at, label="Dropout", kind="dropout", detail="0.1", block=block)
        at = add(
            f"b{block}", at, label="Linear", kind="linear", detail=f"{out} → {out}", block=block
        )
        at = add(f"p{block}", at, label="add", kind="add", block=block)
        if wide:
            add(f"s{block}", skip, label="Linear", kind="linear", detail="64 → 128", block=block)
            edges.append((f"s{block}", f"p{block}"))
        else:
            edges.append((skip, f"p{block}"))
    at = add("head", at, label="Linear", kind="linear", detail="128 → 1")
    add("y", at, label="output", kind="output", detail="1 logit")
    names = tuple(
        f"blocks.{n}: Linear 64→64, ReLU, Linear 64→64, + identidad" for n in range(blocks)
    )
    return NetworkDrawing(
        title="La red base", nodes=tuple(nodes), edges=tuple(edges), blocks=names, cells=(3,)
    )


def dense_net(layers: int = 4) -> NetworkDrawing:
    nodes = [DrawnNode(id="x", label="input", kind="input", detail="30")]
    edges: list[tuple[str, str]] = []
    outputs = ["x"]
    for layer in range(layers):
        came = outputs[-1] if layer == 0 else f"c{layer - 1}"
        nodes.append(
            DrawnNode(
                id=f"l{layer}",
                label="Linear",
                kind="linear",
                detail=f"{30 + 16 * layer} → 16",
                block=0,
            )
        )
        nodes.append(DrawnNode(id=f"r{layer}", label="SiLU", kind="activation", block=0))
        nodes.append(
            DrawnNode(
                id=f"c{layer}", label="concat", kind="concat", detail=str(46 + 16 * layer), block=0
            )
        )
        edges += [(came, f"l{layer}"), (f"l{layer}", f"r{layer}"), (f"r{layer}", f"c{layer}")]
        edges += [(before, f"c{layer}") for before in outputs]
        outputs.append(f"r{layer}")
    nodes.append(DrawnNode(id="y", label="Linear", kind="linear", detail="94 → 2"))
    edges.append((f"c{layers - 1}", "y"))
    return NetworkDrawing(title="DenseNet", nodes=tuple(nodes), edges=tuple(edges), blocks=("b",))


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = b"".join(b"\0" + b"\x20\x60\x90" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def picture() -> str:
    return base64.b64encode(png()).decode()


@pytest.fixture
def residual() -> NetworkDrawing:
    return residual_mlp()


@pytest.fixture
def dense() -> NetworkDrawing:
    return dense_net()


@pytest.fixture
def result() -> Result:
    return make_result()


def make_result(language: str = "es", **changes: object) -> Result:
    c = CriterionResult
    e1 = ExerciseResult(
        id="e1",
        title="Datos y preprocesado",
        points=Decimal("0.5"),
        mark=Decimal("0.5"),
        mark_low=Decimal("0.5"),
        mark_high=Decimal("0.5"),
        criteria=(
            c(
                id="e1.preprocess_done",
                verdict=MET,
                text="Los datos se preparan antes de entrenar.",
                message="Las 30 variables llegan a la red con media entre −0,02 y 0,03.",
                expected="variables a una escala comparable, sin el código −999",
                observed="StandardScaler sobre 30 columnas; −999 sustituido por la mediana",
                cells=(1,),
                penalty="100 %",
            ),
        ),
    )
    e2 = ExerciseResult(
        id="e2",
        title="La red residual",
        points=Decimal(3),
        mark=Decimal("1.5"),
        mark_low=Decimal("1.5"),
        mark_high=Decimal("1.5"),
        criteria=(
            c(
                id="e2.io_size",
                verdict=MET,
                text="Entrada y salida encajan con los datos.",
                message="La red recibe 30 variables y da 1 logit.",
                penalty="100 %",
                cells=(3,),
            ),
            c(
                id="e2.two_residual_connections",
                verdict=VIOLATED,
                text="Hay al menos dos conexiones residuales.",
                message="Se ha encontrado una sola conexión residual; hacen falta dos.",
                expected="2 conexiones residuales",
                observed="1 bloque residual: blocks.0 [Linear 30→64, Linear 64→64] + identidad",
                penalty="50 %",
                applied=Decimal("1.5"),
                cells=(3, 4),
            ),
            c(
                id="e2.two_linear_layers_per_block",
                verdict=MET,
                text="Cada bloque tiene al menos dos capas lineales.",
                message="blocks.0 tiene 2 capas lineales.",
                penalty="50 %",
            ),
        ),
    )
    e3 = ExerciseResult(
        id="e3",
        title="Entrenamiento y test",
        points=Decimal("3.3"),
        mark=Decimal("1.155"),
        mark_low=Decimal("1.155"),
        mark_high=Decimal("1.98"),
        criteria=(
            c(
                id="e3.trained",
                verdict=MET,
                text="La red se entrena de verdad.",
                message="La pérdida baja de 0,693 a 0,412 en 1.172 pasos.",
            ),
            c(id="e3.test_reported", verdict=MET, text="Se da el resultado en test."),
            c(
                id="e3.saved",
                verdict=VIOLATED,
                text="La red entrenada se guarda.",
                message="No se ha escrito ningún fichero con los pesos.",
            ),
            c(
                id="e3.inputs_preprocessed",
                verdict=UNDECIDED,
                text="Los datos de entrada van preprocesados.",
                message="No se ha podido relacionar el lote con ninguna columna de los datos.",
                penalty="25 %",
                cost=Decimal("0.825"),
                cells=(5, 40),
            ),
            c(
                id="e3.f1",
                verdict=VIOLATED,
                text="Se calcula la F1.",
                message="No se muestra ningún valor que coincida con la F1 recalculada (0,711).",
                expected="0,711",
                observed="0,804 (es la exactitud)",
                penalty="20 %",
                applied=Decimal("0.66"),
                cells=(6,),
            ),
            c(
                id="e3.results_interpreted",
                verdict=UNDECIDED,
                manual=True,
                text="Los resultados se comentan e interpretan.",
            ),
        ),
        lines=(
            LineResult(
                id="e3.line_done",
                verdict=VIOLATED,
                penalty="20 %",
                applied=Decimal("0.66"),
                text="La red está entrenada, probada en test y guardada.",
                criteria=("e3.trained", "e3.test_reported", "e3.saved"),
            ),
        ),
    )
    e4 = ExerciseResult(
        id="e4",
        title="Adaptación de bajo rango",
        points=Decimal("3.5"),
        mark=Decimal(0),
        mark_low=Decimal(0),
        mark_high=Decimal(0),
        criteria=(
            c(
                id="e4a.base_frozen",
                verdict=VIOLATED,
                penalty="100 %",
                applied=Decimal("3.5"),
                text="Los pesos de la red base no cambian.",
                message="12 de 14 tensores de la red base cambian durante el ajuste.",
                expected="14 tensores idénticos bit a bit",
                observed="2 idénticos, 12 distintos",
                cells=(8,),
            ),
            c(
                id="e4b.b_zero_a_random",
                verdict=VIOLATED,
                penalty="1 punto",
                applied=Decimal(1),
                text="A empieza al azar y B a cero.",
                message="B empieza al azar.",
                cells=(7,),
            ),
            c(
                id="e4d.base_vs_adapted_compared",
                verdict=NOT_ASSESSED,
                text="Se comparan la red base y la adaptada.",
                message="No se evalúa: no hay una red adaptada que comparar.",
                penalty="0,5 puntos",
            ),
            c(
                id="e4e.merge_equivalence_checked",
                verdict=UNDECIDED,
                grader_fault=True,
                text="Se comprueba que la red compactada responde igual.",
                message="El grafo de la red no se pudo leer.",
            ),
        ),
    )
    fields: dict[str, object] = {
        "assignment": "p3",
        "submission": "grupo-07",
        "students": ("Ana Núñez Íñiguez", "Łukasz Żółć", "محمد العربي"),
        "mark": None,
        "mark_low": Decimal("3.155"),
        "mark_high": Decimal("3.98"),
        "max_mark": Decimal("10.3"),
        "status": Status.NEEDS_REVIEW,
        "flags": (
            Flag(id="late", message="Entregado 2 h 14 min después de la fecha límite."),
            Flag(
                id="stale",
                message="Las salidas guardadas no coinciden con las de la ejecución.",
                cells=(6,),
            ),
        ),
        "exercises": (e1, e2, e3, e4),
        "timings": {"run": 84.31, "checks": 1.204, "kernel": 2.9},
        "evidence_key": "9f2c41d07be3a58890aa12",
        "rubric_digest": "77e0b1c2d3",
        "language": language,
    }
    return Result(**{**fields, **changes})  # type: ignore[arg-type]  # test data


@pytest.fixture
def make() -> object:
    return make_result


@pytest.fixture
def exhibits() -> Exhibits:
    return make_exhibits()


def make_exhibits() -> Exhibits:
    train = tuple(
        (float(i), 0.41 + 0.28 * math.exp(-i / 260) + 0.02 * math.sin(i * 1.7) * math.cos(i * 0.31))
        for i in range(1172)
    )
    test = tuple((float(i), 0.43 + 0.26 * math.exp(-i / 240)) for i in range(0, 1172, 58))
    return Exhibits(
        drawings=(residual_mlp(), dense_net()),
        curves=(
            Curve(
                title="Pérdida de la red base",
                series={"entrenamiento": train, "validación": test},
                x_label="pasos",
                y_label="pérdida",
                cells=(5,),
            ),
            Curve(title="Ajuste de bajo rango", series={"pérdida": test[:8]}, x_label="época"),
        ),
        confusion=(
            ConfusionMatrix(
                title="Red base en test",
                labels=("fondo", "señal"),
                counts=((5210, 840), (1103, 2847)),
                cells=(6,),
            ),
        ),
        tables=(
            Table(
                title="Métricas",
                columns=("", "mostrada", "recalculada"),
                rows=(("Accuracy", "0,804", "0,806"), ("F1", "—", "0,711")),
            ),
        ),
        notices=("Se ha respondido a `drive.mount` sin conectar con nada.",),
        environment={"python": "3.11.7", "torch": "2.13.0", "scikit-learn": "1.7.2"},
    )


@pytest.fixture
def notebook(picture: str) -> dict[str, object]:
    return make_notebook(picture)


def make_notebook(picture: str) -> dict[str, object]:
    def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
        return {
            "cell_type": "code",
            "source": source,
            "outputs": list(outputs),
            "execution_count": 1,
            "metadata": {},
        }

    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "markdown",
                "metadata": {"corrige": {"notebook": "1_datos.ipynb"}},
                "source": "# Práctica 3\nEl **bosón de Higgs** con $y = (W + \\alpha BA)x$.\n\n"
                "- uno\n- dos <script>alert(1)</script>\n\n"
                "[enlace](https://example.org/a) ![foto](https://example.org/b.png)\n\n"
                "| a | b |\n|---|---|\n| 1 | 2 |\n",
            },
            code(
                "import pandas as pd\n# Los datos\ntrain = pd.read_pickle('higgs_train.pkl')\n"
                'print(f"{len(train)} filas")',
                {"output_type": "stream", "name": "stdout", "text": ["250000 filas\n"]},
            ),
            {"cell_type": "markdown", "metadata": {}, "source": ["Texto\n", "> cita"]},
            code(
                "class Block(nn.Module):\n    def forward(self, x):\n        return x + self.f(x)"
            ),
            code(
                "net = Net(30, 64)\nnet",
                {
                    "output_type": "execute_result",
                    "metadata": {},
                    "execution_count": 1,
                    "data": {
                        "text/plain": "Net(\n  (stem): Linear(30, 64)\n)",
                        "text/html": "<script>alert(2)</script>",
                    },
                },
            ),
            code(
                "for epoch in range(20):\n    ...",
                {
                    "output_type": "stream",
                    "name": "stderr",
                    "text": "\r 10%|█\r 50%|█████\r100%|██████████| 20/20",
                },
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": picture, "text/plain": "<Figure size 640x480>"},
                },
            ),
            code(
                "1/0",
                {
                    "output_type": "error",
                    "ename": "ZeroDivisionError",
                    "evalue": "division by zero",
                    "traceback": ["\x1b[31mZeroDivisionError\x1b[0m: division by zero"],
                },
            ),
            code(""),
            code(
                "x = '\u202e evil'  # trojan",
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "text/html": "<table><tr><th>a</th><td onclick=x>3</td></tr></table>",
                        "text/plain": "<pandas.io.formats.style.Styler at 0x7f>",
                    },
                },
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/svg+xml": "<svg onload=alert(3)>"},
                },
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": "PHN2Zz4="}},
            ),
        ],
    }

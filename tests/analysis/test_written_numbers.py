"""Numbers and matrices as people write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.written_matrices import holds, matrices_in
from graders.analysis.written_numbers import numbers_in, results_in

WANTED = np.array([[3.0, 4.0], [6.0, 11.0]])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("entre 3 y -4.5", [3, -4.5]),
        ("x1 = 3, conv2d, h_2, v2.0b", [3]),
        (r"$1.2 \times 10^{-3}$ y 3·10⁻²", [1.2e-3, 3e-2]),
        ("1.5e-3 2E2", [1.5e-3, 200]),
        (r"-\frac{1}{4} + \dfrac{3}{2}", [-0.25, 1.5]),
        ("−2 –3", [-2, -3]),
        ("1/4", [0.25]),
        ("0{,}25", [0.25]),
        (r"\mathbf{7} \boxed{8}", [7, 8]),
        ("3-4", [3, 4]),
        ("5. 6. 1.e2", [5, 6, 100]),
        ("1e9999 1e-9999", [float("inf"), 0]),
        ("3,4", [3, 4]),
    ],
)
def test_numbers(text: str, values: list[float]) -> None:
    assert [n.value for n in numbers_in(text)] == pytest.approx(values)


def test_decimal_comma() -> None:
    assert [n.value for n in numbers_in("0,25 y 3, 4", "decimal")] == [0.25, 3, 4]


def test_precision() -> None:
    (number,) = numbers_in("0.37")
    assert number.agrees(0.3693)
    assert not number.agrees(0.3640)
    (whole,) = numbers_in("3")
    assert not whole.agrees(3.2)


def test_results() -> None:
    text = r"y_{11} = 2\cdot 1 + 1 \cdot 1 = 3, \quad y_{12} = 4 + 0 = 4 \\ y_{21}=6"
    assert [n.value for n in results_in(text)] == [3, 4, 6]


@pytest.mark.parametrize(
    "text",
    [
        r"$$\begin{bmatrix} 3 & 4 \\ 6 & 11 \end{bmatrix}$$",
        r"\begin{pmatrix}3&4\\6&11\\\end{pmatrix}",
        r"\left[\begin{array}{cc} 3 & 4 \\ \hline 6 & \mathbf{11} \end{array}\right]",
        r"\begin{bmatrix} 2+1=3 & 4+0=4 \\ 4+2=6 & 7+4=11 \end{bmatrix}",
        "| | |\n|---|---|\n| 3 | 4 |\n| 6 | 11 |",
        "| 3 | 4 |\n|:-:|:-:|\n| 6 | 11 |",
        "| 3,0 | 4,0 |\n|:-:|:-:|\n| 6,0 | 11,0 |",
        "Y = [[3, 4], [6, 11]]",
        "[[ 3.  4.]\n [ 6. 11.]]",
        "tensor([[[[ 3.,  4.],\n          [ 6., 11.]]]])",
        "np.array([[3,4],[6,11]], dtype=float)",
        "[3 4; 6 11]",
        "((3, 4), (6, 11))",
        "3 4\n6 11",
        "3\t4\n\n6\t11\n",
        "⎡3  4 ⎤\n⎢     ⎥\n⎣6  11⎦",
        "La salida es\n 3 4\n 6 11\ncomo se ve",
        "   0   1\n0  3   4\n1  6  11",
        "el resultado es 3, 4, 6 y 11",
        r"Y_{11}=2+1=3 \\ Y_{12}=4+0=4 \\ Y_{21}=4+2=6 \\ Y_{22}=7+4=11",
        "Y[0,0] = 3\nY[0,1] = 4\nY[1,0] = 6\nY[1,1] = 11",
        "2 5 4 1\n3 4\n6 11",
    ],
)
def test_a_matrix_is_found(text: str) -> None:
    assert holds(text, WANTED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[3, 4], [6, 12]]",
        "[[3, 6], [4, 11]]",
        "[[3, 7, 4], [8, 8, 3], [6, 8, 11]]",
        r"\begin{bmatrix} 3 & 4 & 6 \\ 11 & 2 & 1 \end{bmatrix} y nada".replace("6", "5"),
        "3 4\n6 10",
        "capas 3 y 4, luego 11 y 6",
    ],
)
def test_another_is_not(text: str) -> None:
    assert not holds(text, WANTED)


@given(
    st.lists(
        st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=3, max_size=3),
        min_size=2,
        max_size=4,
    ),
    st.sampled_from(["latex", "numpy", "python", "markdown", "comma"]),
)
def test_every_way_of_writing_says_the_same(rows: list[list[float]], way: str) -> None:
    wanted = np.array(rows)
    text = {
        "latex": r"\begin{bmatrix}"
        + r" \\ ".join(" & ".join(map(str, row)) for row in rows)
        + r"\end{bmatrix}",
        "numpy": np.array2string(wanted, max_line_width=200, suppress_small=True, precision=3),
        "python": f"a = {rows}",
        "markdown": "\n".join("|" + "|".join(map(str, row)) + "|" for row in rows),
        "comma": "\n".join("|" + "|".join(f"{x:.3f}" for x in r) + "|" for r in rows).replace(
            ".", ","
        ),
    }[way]
    assert holds(text, wanted)
    assert not holds(text, wanted + 1)


def test_long_texts_take_no_time() -> None:
    assert not holds("[" * 50_000 + "3 4 6 12 11 " * 20_000, WANTED)
    assert not holds("3 4\n6 12\n11 0\n" * 20_000, WANTED)
    assert len(matrices_in("[[1, 2], [3, 4]]\n" * 5000)) <= 2000

"""Numbers are read as people write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.byhand.figures import Figure, figures, of_values
from graders.analysis.written_numbers import COMMAS


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[[ 0.25 -0.5 ]\n [ 1.   0.125]]", [0.25, -0.5, 1, 0.125]),
        ("tensor([[0.1200, -3.4e-02]])", [0.12, -0.034]),
        (r"\begin{bmatrix} 0.25 & -0.5 \\ - 1.5 & .125 \end{bmatrix}", [0.25, -0.5, -1.5, 0.125]),
        (r"$\frac{1}{3}$ y $-\dfrac{2}{4}$ y 3/4", [1 / 3, -0.5, 0.75]),
        (r"w_{11}^{(0)} = 0.5, \; h_1=0.25", [0.5, 0.25]),
        ("dW1 = 0.5, dW2 = 0.25", [0.5, 0.25]),
        ("| a | 0.12 | \u22120.30 |", [0.12, -0.3]),
        ("1.2e-3, 1.2 \\times 10^{-3}, 1.2·10**-3, 1.2 \u00d7 10^{\u22123}", [0.0012] * 4),
        ("- 0.25\n- 0.75", [0.25, 0.75]),
        ("entre 0.5-0.25", [0.5, 0.25]),
        (r"\begin{array}{cc}-0.5 & 1\end{array}", [-0.5, 1]),
        ("resultado: 0.25.", [0.25]),
        ("dW[0][1] = 0.5", [0.5]),
        ("", []),
    ],
)
def test_decimal_points(text: str, values: list[float]) -> None:
    assert [f.value for f in figures(text)] == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0,25 y -0,5", [0.25, -0.5]),
        (r"\begin{pmatrix} 0{,}25 & -1{,}5 \end{pmatrix}", [0.25, -1.5]),
        ("(0,1; 0,2)", [0.1, 0.2]),
        ("[0.1,0.2]", [0.1, 0.2]),
    ],
)
def test_decimal_commas(text: str, values: list[float]) -> None:
    assert [f.value for f in figures(text, comma="decimal")] == pytest.approx(values)


def test_a_list_with_commas_is_one_of_numbers() -> None:
    assert [f.value for f in figures("[0.1,0.2,3]")] == [0.1, 0.2, 3]


def test_numbers_are_as_exact_as_they_are_written() -> None:
    rounded, fraction, whole = figures("0.33 1/3 2")
    assert rounded.agrees(1 / 3)
    assert not rounded.agrees(0.35)
    assert fraction.agrees(1 / 3)
    assert not fraction.agrees(0.3334)
    assert not whole.agrees(2.01)
    coarse, exact = figures("0.5 12.5")
    assert not coarse.agrees(0.45)
    assert exact.agrees(12.46)


@given(st.floats(-100, 100, allow_nan=False), st.integers(2, 8))
def test_what_is_rounded_or_cut_off_agrees_with_what_it_was(value: float, digits: int) -> None:
    cut = np.trunc(value * 10**digits) / 10**digits
    for written in (f"{value:.{digits}f}", f"{cut:.{digits}f}"):
        (figure,) = figures(f"[{written}]")
        assert figure.agrees(value)
        assert not figure.value or not figure.agrees(value + 3 * 10**-digits)


@given(st.floats(-1e3, 1e3, allow_nan=False))
def test_what_a_program_holds_agrees_in_single_precision_too(value: float) -> None:
    assert of_values([float(np.float32(value))])[0].agrees(value)


@given(st.text(alphabet="0123456789.,-+eE/{}\\frac[]^_ \n|&", max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    for comma in COMMAS:
        assert all(isinstance(f, Figure) and f.unit >= 0 for f in figures(text, comma))


def test_the_end_of_a_sentence_is_no_decimal() -> None:
    assert figures("pasa a 0,2332.", "decimal")[0].unit == pytest.approx(1e-4)

"""Numbers are read from outputs with the precision they are shown at; typed ones are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.shown import shown_numbers
from graders.evidence.run_record import CellRecord, Output


def cell(text: str, source: str = "print(x)") -> CellRecord:
    return CellRecord(
        index=3,
        notebook="a",
        source=source,
        executed=True,
        outputs=(Output(kind="stream", text=text),),
    )


@given(st.floats(0.01, 0.9999), st.integers(3, 6))
def test_a_rounded_figure_agrees(value: float, decimals: int) -> None:
    for text in (
        f"acc: {value:.{decimals}f}",
        f"acc={100 * value:.{decimals - 2}f}%",
        f"Acc {100 * value:.{decimals}f}",
    ):
        numbers = shown_numbers(cell(text))
        if numbers:
            assert numbers[0].agrees(value), text
            assert not numbers[0].literal


@given(st.floats(0.1, 0.9))
def test_another_figure_does_not(value: float) -> None:
    (number,) = shown_numbers(cell(f"{value:.4f}"))
    assert not number.agrees(value + 0.0002)


@pytest.mark.parametrize(
    "source",
    [
        'print("accuracy: 0.8741")',
        "acc = 0.8741\nprint(f'accuracy: {acc}')",
        "%time print('0,8741')",
    ],
)
def test_typed_numbers_are_literal(source: str) -> None:
    assert all(n.literal for n in shown_numbers(cell("accuracy: 0.8741", source)))


def test_words_before_a_number_are_kept() -> None:
    number = shown_numbers(cell("Balanced accuracy (test) = 0.7824\n"))[0]
    assert "balanced accuracy" in number.words


def test_integers_and_versions_are_no_figures() -> None:
    assert shown_numbers(cell("epoch 3 of 10, torch v2.13.0, batch 64")) == ()

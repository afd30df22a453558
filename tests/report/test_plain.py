from decimal import Decimal

import pytest

from graders.language import speaking
from graders.printable import visible
from graders.report.plain import number, seconds, shortened, terminal


def test_control_characters_are_replaced_and_reordering_ones_shown():
    assert visible("a\x00b\x1bc\ud800") == "a\ufffdb\ufffdc\ufffd"
    assert visible("x\u202ey\u2066") == "x[U+202E]y[U+2066]"
    assert visible("uno\r\ndos\ttres ñ é 日本") == "uno\ndos\ttres ñ é 日本"


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ("\x1b[31mError\x1b[0m: x", "Error: x"),
        ("\x1b]0;title\x07text", "text"),
        ("\r 10%\r 50%\r100%", "100%"),
        ("a\r\nb", "a\nb"),
        ("done\r", "done"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
    ],
)
def test_a_terminal_is_left_with_its_last_state(sent, left):
    assert terminal(sent) == left


def test_long_text_keeps_its_ends():
    text, left_out = shortened("a" * 500 + "b" * 500, 100)
    assert text.startswith("a" * 75)
    assert text.endswith("b" * 25)
    assert left_out == 900


@pytest.mark.parametrize(
    ("value", "spanish", "english"),
    [
        (Decimal("3.30"), "3,3", "3.3"),
        (Decimal("10"), "10", "10"),
        (Decimal("-0.825"), "−0,825", "−0.825"),
        (Decimal("0.00"), "0", "0"),
        (100, "100", "100"),
        (-0.0001, "0", "0"),
    ],
)
def test_numbers_as_the_reader_writes_them(value, spanish, english):
    with speaking("es"):
        assert number(value) == spanish
    with speaking("en"):
        assert number(value) == english


def test_durations():
    with speaking("en"):
        assert [seconds(v) for v in (0.034, 3.14, 84.3, 120, 7300)] == [
            "0.03 s",
            "3.1 s",
            "1 min 24 s",
            "2 min",
            "2 h 1 min",
        ]

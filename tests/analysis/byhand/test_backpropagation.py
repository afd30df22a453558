"""Right numbers are found however they are written; wrong ones, and chance, are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.byhand import backpropagation
from graders.analysis.byhand.backpropagation import Finding
from graders.analysis.byhand.exercise import Exercise, Slopes, exercise
from graders.analysis.byhand.figures import figures, of_values
from graders.analysis.byhand.places import Place
from graders.analysis.byhand.sightings import Row, Sighting, Wanted, sighting
from graders.analysis.written_numbers import Comma

LAYERS = [
    {"weights": [[0.5, -0.3], [0.8, 0.2]], "biases": [0.1, -0.2]},
    {"weights": [[0.7, -0.5], [-0.4, 0.6]], "biases": [0.05, 0.3]},
    {"weights": [[0.9, -0.6]], "biases": [0.2]},
]
POINTS = [[1, 1, 1], [0, 2, 1], [-1, 1, 0]]
NET = exercise(LAYERS, POINTS)
NOISE = "En la capa 1 hay 2 neuronas. h = [0.6457, 0.7109]; error 0.3306, 3 puntos, x = 0.5\n"


def place(text: str, comma: Comma = "separator") -> Place:
    found = figures(text, comma)
    return Place(Row.of(found, [0] * len(found)), "")


def arrays(slopes: Slopes) -> list[np.ndarray]:
    return [a for pair in zip(slopes.biases, slopes.weights, strict=True) for a in pair]


def printed(slopes: Slopes) -> str:
    with np.printoptions(precision=4, suppress=True):
        return "\n".join(f"capa {n // 2}: {a}" for n, a in enumerate(arrays(slopes)))


def latex(slopes: Slopes) -> str:
    def matrix(a: np.ndarray) -> str:
        rows = [" & ".join(f"{x:.4f}" for x in row) for row in np.atleast_2d(a)]
        return r"\frac{\partial \ell}{\partial W} = \begin{bmatrix}" + r" \\ ".join(rows) + "\\end"

    return "\n\n".join(matrix(a) for a in arrays(slopes))


def one_by_one(slopes: Slopes) -> str:
    lines = [
        rf"$\partial \ell / \partial w_{{{n}{i}}}^{{(1)}} = 0.31 \cdot 0.77 = {x:.5f}$"
        for n, a in enumerate(arrays(slopes))
        for i, x in enumerate(a.T.reshape(-1))
    ]
    return "\n".join(lines)


def table(slopes: Slopes) -> str:
    rows = [
        f"| w{n}{i} | {x:.4f} |"
        for n, a in enumerate(arrays(slopes))
        for i, x in enumerate(a.reshape(-1))
    ]
    return ("| peso | valor |\n|---|---|\n" + "\n".join(rows)).replace(".", ",")


STYLES = (printed, latex, one_by_one)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("factor", NET.conventions)
def test_derivatives_are_found_in_any_style_and_convention(
    style: Callable[[Slopes], str], factor: float
) -> None:
    text = NOISE + style(NET.slopes * factor) + NOISE
    assert backpropagation.gradients(NET, [place(text)]).certain


def test_decimal_commas_in_a_table() -> None:
    assert backpropagation.gradients(NET, [place(NOISE + table(NET.slopes), "decimal")]).certain


def test_points_one_by_one_are_as_good() -> None:
    text = "\n".join(printed(slopes * 0.5) for slopes in NET.by_point)
    assert backpropagation.gradients(NET, [place(text)]).certain
    two = "\n".join(printed(slopes * 0.5) for slopes in NET.by_point[:2])
    assert not backpropagation.gradients(NET, [place(two)]).complete


def test_what_a_program_holds_is_as_good() -> None:
    values = [np.float32(x).item() for a in arrays(NET.slopes) for x in a.T.reshape(-1)]
    row = Row.of(of_values(values), [-1] * len(values))
    assert backpropagation.gradients(NET, [Place(row, "")]).certain


def test_different_conventions_do_not_mix() -> None:
    first, second = printed(NET.slopes * (1 / 3)), printed(NET.slopes)
    mixed = first.split("capa 2")[0] + "capa 2" + second.split("capa 2", 1)[1]
    assert not backpropagation.gradients(NET, [place(mixed)]).complete


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_wrong_layer_is_named(layer: int) -> None:
    weights = list(NET.slopes.weights)
    weights[layer] = weights[layer] * 1.2
    wrong = Slopes(NET.slopes.biases, tuple(weights))
    finding = backpropagation.gradients(NET, [place(NOISE + latex(wrong))])
    assert finding.missing == (f"∂ℓ/∂Ω{layer}",)
    assert not finding.near


def test_rounding_on_the_way_is_near() -> None:
    weights = tuple(w * 1.01 for w in NET.slopes.weights)
    finding = backpropagation.gradients(NET, [place(latex(Slopes(NET.slopes.biases, weights)))])
    assert finding.missing
    assert finding.near == finding.missing


@pytest.mark.parametrize("factor", NET.conventions)
def test_new_weights(factor: float) -> None:
    after = NET.stepped(factor)
    good = Slopes(after.biases, after.weights)
    text = NOISE + latex(good)
    assert backpropagation.new_weights(NET, [place(text)]).certain
    up = NET.stepped(-factor)
    assert not backpropagation.new_weights(NET, [place(latex(Slopes(up.biases, up.weights)))]).sure
    old = Slopes(NET.biases, NET.weights)
    assert not backpropagation.new_weights(NET, [place(latex(old))]).certain


def test_losses() -> None:
    before, after = NET.squares / 3, NET.stepped(1 / 3).squares / 3
    text = f"{NOISE}Pérdida inicial: {before:.5f}\nPérdida final: {after:.5f}\n"
    assert backpropagation.losses(NET, [place(text)]).certain
    assert not backpropagation.losses(NET, [place(f"{NOISE}Pérdida: {before:.5f}")]).complete


def drawn(seed: int) -> Exercise:
    rng = np.random.default_rng(seed)
    layers: list[dict[str, Any]] = [
        {
            "weights": rng.normal(0, 1, (out, into)).round(1),
            "biases": rng.normal(0, 1, out).round(1),
        }
        for into, out in ((2, 2), (2, 2), (2, 1))
    ]
    return exercise(layers, POINTS)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), style=st.sampled_from(STYLES), which=st.integers(0, 3))
def test_every_network_is_found(seed: int, style: Callable[[Slopes], str], which: int) -> None:
    net = drawn(seed)
    text = NOISE + style(net.slopes * net.conventions[which])
    finding = backpropagation.gradients(net, [place(text)])
    assert finding.complete
    # Saturated units leave derivatives of which four decimals say little.
    smallest = min(float(np.abs(w).max()) for w in net.slopes.weights)
    assert finding.certain or smallest < 0.02


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6), decimals=st.integers(1, 6), size=st.integers(10, 600))
def test_other_numbers_are_not_taken_for_it(seed: int, decimals: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.5, size)
    text = " ".join(f"{v:.{decimals}f}" for v in values)
    for search in (backpropagation.gradients, backpropagation.new_weights):
        assert not search(NET, [place(text)]).certain
    assert not backpropagation.losses(NET, [place(text)]).certain


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(1, 10**6))
def test_another_networks_numbers_are_not_taken_for_it(seed: int) -> None:
    other = drawn(seed)
    for search, slopes in (
        (backpropagation.gradients, other.slopes),
        (backpropagation.new_weights, Slopes(other.weights and other.biases, other.weights)),
    ):
        assert not search(NET, [place(NOISE + latex(slopes))]).certain


def test_nothing_is_found_in_nothing() -> None:
    nothing: Sequence[Place] = [place("")]
    finding = backpropagation.gradients(NET, nothing)
    assert len(finding.missing) == 6
    assert not finding.certain


def test_one_coincidence_does_not_answer_for_the_others() -> None:
    telling = Sighting(fits=-9.0, tries=1.0, start=0, cell=3)
    chance = Sighting(fits=-0.1, tries=5.0, start=90, cell=7)
    assert not Finding({"a": telling, "b": chance, "c": chance}, (), rows=(0, 1, 2)).certain
    assert Finding({"a": telling, "b": telling, "c": chance}, (), rows=(0, 1, 2)).certain
    assert Finding({"a": telling}, (), rows=(0,)).certain


def test_zeros_and_ones_tell_nothing() -> None:
    """A derivative of a point whose input is 0 has a column of them, exact to the last digit."""
    held = Row.of(of_values([0.0, 1.0, 0.0, -1.0]), [0, 0, 0, 0])
    wanted = Wanted("dW", np.array([[0.0, 1.0], [0.0, -1.0]]), np.ones((2, 2)))
    seen = sighting(held, wanted)
    assert seen is not None
    assert not seen.certain

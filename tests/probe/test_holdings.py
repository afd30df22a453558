"""What variables hold in the end is found wherever it lies; nothing of theirs is called."""

from fractions import Fraction
from types import ModuleType

import numpy as np
import pandas as pd
import sympy
import torch

from graders.probe.holdings import MAX_FOUND, MAX_SIZE, holdings


class Layer:
    """As a student's own class: `__module__` is set where it is used."""

    def __init__(self):
        self.dW = np.array([[1.0, 2.0]])

    @property
    def trap(self):
        raise AssertionError("nobody may ask")


Layer.__module__ = "__main__"


def test_arrays_and_numbers_by_their_path():
    model = torch.nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    layer = Layer()
    found = holdings(
        {
            "W": np.eye(2),
            "x": 0.5,
            "n": np.float32(0.25),
            "grads": {"dW": [np.ones(3), 7], "nested": [[1, 2], [3, 4.5]]},
            "layer": layer,
            "model": model,
            "table": pd.DataFrame({"a": [1.0, 2.0]}),
            "exact": sympy.Matrix([[1, sympy.Rational(1, 3)]]),
            "third": Fraction(1, 3),
        },
        {},
    )
    assert found["x"] == 0.5
    assert found["n"] == 0.25
    assert found["grads.dW.1"] == 7
    assert found["third"] == 1 / 3
    arrays = {path: value.tolist() for path, value in found.items() if hasattr(value, "tolist")}
    assert arrays["W"] == [[1, 0], [0, 1]]
    assert arrays["grads.dW.0"] == [1, 1, 1]
    assert arrays["grads.nested"] == [[1, 2], [3, 4.5]]
    assert arrays["layer.dW"] == [[1, 2]]
    assert arrays["model.weight.grad"] == [[1, 1]]
    assert arrays["model.bias.grad"] == [1]
    assert arrays["table"] == [[1], [2]]
    assert arrays["exact"] == [[1, 1 / 3]]


def test_what_is_large_strange_or_not_theirs_is_left_out():
    circle = []
    circle.append(circle)
    found = holdings(
        {
            "big": np.zeros(MAX_SIZE + 1),
            "text": np.array(["a"]),
            "flag": True,
            "words": "0.5",
            "module": ModuleType("m"),
            "circle": circle,
            "_": 3.0,
            "kernel": 4.0,
            "empty": np.zeros(0),
        },
        {"kernel": 4.0},
    )
    assert set(found) <= {"kernel"}
    assert len(holdings({f"v{i}": float(i) for i in range(1000)}, {})) <= MAX_FOUND

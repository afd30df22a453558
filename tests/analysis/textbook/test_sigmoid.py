"""Notebook 7.2 changed over to the sigmoid, as the question has it, is as right as before."""

import pytest

NUMPY = "import numpy as np\n"
FORWARD = """
def compute_network_output(x, W, b):
    f, h = [], [x]
    for w, c in zip(W, b):
        f.append(c + w @ h[-1])
        h.append(1 / (1 + np.exp(-f[-1])))
    return f[-1], f, h[:-1]
"""
BACKWARD = """
def backward_pass(W, b, f, h, y):
    d = 2 * (f[-1] - y)
    dW, db = [], []
    for k in range(len(W) - 1, -1, -1):
        dW.insert(0, d @ h[k].T)
        db.insert(0, d)
        if k:
            s = RISES
            d = s * (1 - s) * (W[k].T @ d)
    return dW, db
"""


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("nb7_2.forward", FORWARD),
        ("nb7_2.backward", BACKWARD.replace("RISES", "h[k]")),
        ("nb7_2.backward", BACKWARD.replace("RISES", "1 / (1 + np.exp(-f[k - 1]))")),
    ],
)
def test_the_sigmoid_is_right(judge, name, cell):
    assert judge(name, NUMPY + cell).holds is True


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("nb7_2.forward", FORWARD.replace("np.exp(-f", "np.exp(f")),
        ("nb7_2.backward", BACKWARD.replace("s = RISES", "s = 0.5")),
        ("nb7_2.backward", BACKWARD.replace("RISES", "f[k - 1]")),
    ],
)
def test_another_is_not(judge, name, cell):
    assert judge(name, NUMPY + cell).holds is False

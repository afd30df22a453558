"""What is right is right in any style, and what is wrong stays wrong, however it looks."""

import pytest

from tests.analysis.textbook.textbook_solutions import (
    BATCH,
    DESCENT,
    GABOR,
    MOMENTUM,
    NUMPY,
    RELU,
    SHALLOW,
    SOLUTIONS,
    TWO,
)

BLANK_SIGMOID = "def sigmoid(z):\n    return np.zeros_like(z)\n"
UPDATE = """
    phi = phi_all[:, step:step + 1]
    g = compute_gradient(data[0, batch], data[1, batch], {at})
    momentum = beta * momentum + (1 - beta) * g
    phi_all[:, step + 1:step + 2] = phi - alpha * momentum
"""
PLAIN = MOMENTUM + BATCH + UPDATE.format(at="phi")
NESTEROV = MOMENTUM + BATCH + UPDATE.format(at="phi - alpha * momentum")
NO_STEPS = MOMENTUM + BATCH + "    phi_all[:, step + 1] = phi_all[:, step]\n"
NET12 = (
    "net12_out = shallow_1_1_3(net1_out, ReLU, n2_phi_0, n2_phi_1, n2_phi_2, n2_phi_3, "
    "n2_theta_10, n2_theta_11, n2_theta_20, n2_theta_21, n2_theta_30, n2_theta_31)\n"
)
FIRST = NUMPY + RELU + SHALLOW + TWO + "\nx = np.arange(-1, 1, 0.1)\nnet1_out = net2_out = x\n"
PARAMETERS = NUMPY + "".join(f"beta{k} = 1.5\nomega{k} = 0.3\n" for k in range(4))
PARAMETERS += "x = 2.3; y = 2.0\n"
FORWARD = (
    "f0 = beta0 + omega0 * x\nh1 = np.sin(f0)\n",
    "import math\nf1 = beta1 + omega1 * h1\nh2 = math.exp(f1)\nf2 = beta2 + omega2 * h2\n",
    "h3 = np.cos(f2)\nf3 = beta3 + omega3 * h3\nl_i = np.square(y - f3)\n",
)
SGD = (
    NUMPY
    + GABOR
    + """
data = np.zeros((2, 30))
def stochastic_gradient_descent_step(phi, data, alpha, batch_size):
    some = np.random.permutation(data.shape[1])[:batch_size]
    return phi - alpha * compute_gradient(data[0, some], data[1, some], phi)
n_steps = 40
"""
)
CONSTANT = """
phi_all = np.zeros((2, n_steps + 1))
for step in range(n_steps):
    phi_all[:, step + 1:step + 2] = stochastic_gradient_descent_step(
        phi_all[:, step:step + 1], data, alpha=0.8, batch_size=5)
"""
INIT = (
    NUMPY
    + """
def init_params(K, D, sigma_sq_omega):
    sizes = [1] + [D] * K + [1]
    weights = [np.random.normal(size=(b, a)) * np.sqrt(sigma_sq_omega)
               for a, b in zip(sizes[:-1], sizes[1:])]
    return weights, [np.zeros((b, 1)) for b in sizes[1:]]
def backward_pass(weights, biases, f, h, y):
    return 1, 2, 3, 4
"""
)

RIGHT = {
    "torch, a number of float32": (
        "nb3_4.sigmoid",
        NUMPY + "import torch\ndef sigmoid(z):\n"
        "    return torch.sigmoid(10 * torch.tensor(z, dtype=torch.float32))",
    ),
    "a loop over numbers": (
        "nb3_4.sigmoid",
        NUMPY + "import math\ndef sigmoid(z):\n    a = np.zeros_like(z)\n"
        "    for i in range(len(z)):\n        a[i] = 1 / (1 + math.exp(-10 * z[i]))\n    return a",
    ),
    "a list": (
        "nb3_4.heaviside",
        "def heaviside(z):\n    return [0 if value < 0 else 1 for value in z]",
    ),
    "in place": (
        "nb3_4.heaviside",
        "def heaviside(z):\n    z[z >= 0] = 1\n    z[z < 0] = 0\n    return z",
    ),
    "true and false": ("nb3_4.heaviside", "def heaviside(z):\n    return z >= 0"),
    "below the blank one": (
        "nb3_4.sigmoid",
        NUMPY + BLANK_SIGMOID,
        "def sigmoid(z, k=10):\n    print('called')\n    return 1 / (1 + np.exp(-k * z))",
    ),
    "under another name": (
        "nb3_4.sigmoid",
        NUMPY + "def sigmoide(z):\n    return 1 / (1 + np.exp(-10 * z))\n"
        "def otra(z):\n    return z",
    ),
    "composed in one expression": (
        "nb4_1.net12_out",
        FIRST
        + NET12.replace("net1_out", "shallow_1_1_3(x, ReLU, *first)").replace(
            "net12_out",
            "first = [n1_phi_0, n1_phi_1, n1_phi_2, n1_phi_3, n1_theta_10, "
            "n1_theta_11, n1_theta_20, n1_theta_21, n1_theta_30, n1_theta_31]\nnet12_out",
            1,
        ),
    ),
    "below the blank composition": (
        "nb4_1.net12_out",
        FIRST,
        "net12_out = np.zeros_like(x)",
        NET12,
        "net1_out = x",
        "net12_out = 3 * net1_out",
    ),
    "composed otherwise right after it": (
        "nb4_1.net12_out",
        FIRST,
        NET12,
        NET12.replace("n2_phi_1", "-n2_phi_1"),
    ),
    "all in one cell": (
        "nb4_1.net12_out",
        FIRST + NET12 + "net1_out = -x\nnet12_out = 3 * net1_out\n",
    ),
    "only what counts is returned": (
        "nb4_2.shallow_1_1_3_3",
        SOLUTIONS["nb4_2.shallow_1_1_3_3"][0][0].replace(", *pre, *g, *w", ""),
    ),
    "other arguments first": (
        "nb5_2.likelihood",
        NUMPY + "def bernoulli_distribution(lambda_param, y):\n"
        "    return lambda_param ** y * (1 - lambda_param) ** (1 - y)\n"
        "def compute_likelihood(lambda_param, y_train):\n"
        "    return np.prod(bernoulli_distribution(lambda_param, y_train))",
    ),
    "by name": (
        "nb5_2.negative_log_likelihood",
        NUMPY + "def compute_negative_log_likelihood(y_train, lambda_param):\n"
        "    p = bernoulli_distribution(y=y_train, lambda_param=lambda_param)\n"
        "    return -np.log(p).sum(axis=1)",
    ),
    "one at a time": (
        "nb5_2.bernoulli",
        "def bernoulli_distribution(y, lambda_param):\n"
        "    if y == 1:\n        return lambda_param\n    return 1 - lambda_param",
    ),
    "a density of numbers only": (
        "nb5_1.normal_distribution",
        "import math\ndef normal_distribution(y, mu, sigma):\n"
        "    return math.exp(-((y - mu) / sigma) ** 2 / 2) / (sigma * math.sqrt(2 * math.pi))",
    ),
    "scipy": (
        "nb5_1.normal_distribution",
        "from scipy.stats import norm\ndef normal_distribution(y, mu, sigma):\n"
        "    return norm.pdf(y, loc=mu, scale=sigma)",
    ),
    "sizes of the notebook's": (
        "nb5_3.likelihood",
        NUMPY + "x_train = np.zeros(20)\ndef compute_likelihood(y_train, lambda_param):\n"
        "    found = 1.0\n    for i in range(len(x_train)):\n"
        "        found = found * lambda_param[y_train[i], i]\n    return np.array([[found]])",
    ),
    "column by column": (
        "nb5_3.softmax",
        NUMPY + "def softmax(out):\n    made = np.zeros_like(out)\n"
        "    for c in range(out.shape[1]):\n        e = [np.exp(v) for v in out[:, c]]\n"
        "        made[:, c] = np.array(e) / sum(e)\n    return made",
    ),
    "a gradient by differences": (
        "nb6_2.gradient",
        NUMPY + "def model(phi, x):\n    return phi[0] + phi[1] * x\n"
        "def compute_loss(data_x, data_y, model, phi):\n"
        "    return np.sum((model(phi, data_x) - data_y) ** 2)\n"
        "def compute_gradient(data_x, data_y, phi):\n    d = 1e-6\n"
        "    return [(compute_loss(data_x, data_y, model, phi + np.array(e) * d)\n"
        "        - compute_loss(data_x, data_y, model, phi)) / d\n"
        "        for e in ([[1], [0]], [[0], [1]])]",
    ),
    "its own derivatives": (
        "nb6_3.fixed_rate",
        NUMPY + GABOR + "slope_of = compute_gradient\n"
        "def gradient_descent_step_fixed_learning_rate(phi, data, model, alpha):\n"
        "    phi -= alpha * slope_of(data[0], data[1], phi)\n    return phi",
    ),
    "a mean over the batch, in a loop": (
        "nb6_3.sgd",
        NUMPY + GABOR + "def stochastic_gradient_descent_step(phi, data, alpha, batch_size):\n"
        "    some = np.random.choice(data.shape[1], batch_size, replace=False)\n"
        "    g = sum(compute_gradient(data[0, [i]], data[1, [i]], phi) for i in some)\n"
        "    return phi - alpha * g / batch_size",
    ),
    "a schedule within a function": (
        "nb6_3.schedule",
        SGD,
        CONSTANT,
        "def descend(phi, M=10, beta=0.9):\n    lr = 0.5\n    for step in range(n_steps):\n"
        "        if step > 0 and step % M == 0:\n            lr *= beta\n"
        "        phi = stochastic_gradient_descent_step(phi, data, lr, 5)\n    return phi\n"
        "descend(np.zeros((2, 1)))",
    ),
    "a schedule of steps of its own": (
        "nb6_3.schedule",
        SGD,
        CONSTANT,
        "phi_all = np.zeros((2, n_steps + 1))\nfor t in range(n_steps):\n"
        "    p = phi_all[:, t:t + 1]\n"
        "    phi_all[:, t + 1:t + 2] = p - 0.8 * 0.5 ** (t // 10) "
        "* compute_gradient(data[0], data[1], p)",
    ),
    "a schedule in the notebook's own descent": (
        "nb6_3.schedule",
        SGD,
        CONSTANT.replace("alpha=0.8", "alpha=0.8 * 0.9 ** (step // 5)"),
    ),
    "Nesterov tried before, more after it": (
        "nb6_4.nesterov",
        NUMPY + DESCENT,
        PLAIN,
        NO_STEPS,
        NESTEROV,
        PLAIN.replace("alpha, beta, n_steps = 0.6, 0.6", "alpha, beta, n_steps = 0.1, 0.9"),
    ),
    "momentum twice, wrong first": (
        "nb6_4.momentum",
        NUMPY + DESCENT,
        PLAIN.replace("(1 - beta) * g", "g"),
        PLAIN,
        NESTEROV,
    ),
    "both ways in one cell": ("nb6_4.momentum", NUMPY + DESCENT + PLAIN + NESTEROV),
    "what a way starts from in a cell before it": (
        "nb6_4.nesterov",
        NUMPY + DESCENT,
        PLAIN,
        MOMENTUM,
        NESTEROV.replace(MOMENTUM, ""),
    ),
    "forward in three cells": ("nb7_1.forward", PARAMETERS, *FORWARD),
    "forward with the parameters": ("nb7_1.forward", PARAMETERS + "".join(FORWARD)),
    "sizes and data from variables": (
        "nb7_2.backward",
        NUMPY + SOLUTIONS["nb7_2.backward"][0][0].replace("np.array(df[k])", "df[k].copy()"),
    ),
    "50 layers in the notebook's own cells": (
        "nb7_3.experiment_layers",
        INIT,
        "K = 50; D = 80; s = 2 / D\nw, b = init_params(K, D, s)",
        "w, b = init_params(5, 8, 1.0)\nbackward_pass(w, b, 0, 0, 0)",
    ),
    "several variances, the last one too small": (
        "nb7_3.experiment_variance",
        INIT,
        "for v in (1, 0.025, 0.001):\n    w, b = init_params(50, 80, v)\n"
        "    backward_pass(w, b, 0, 0, 0)",
    ),
    "a variance that the function chooses": (
        "nb7_3.experiment_layers",
        INIT.replace("np.sqrt(sigma_sq_omega)", "np.sqrt(2 / D)"),
        "w, b = init_params(50, 80, 1.0)",
    ),
    "sizes in a cell before it, other sizes later": (
        "nb7_3.experiment_layers",
        INIT,
        "K, D = 50, 80\nsigma_sq_omega = 0.025",
        "w, b = init_params(K, D, sigma_sq_omega)",
        "K, D, sigma_sq_omega = 5, 8, 1.0\nw, b = init_params(K, D, sigma_sq_omega)",
        "backward_pass(w, b, 0, 0, 0)",
    ),
    "one network for both experiments": (
        "nb7_3.experiment_layers",
        INIT,
        "w, b = init_params(50, 80, 0.025)",
        "for n in range(3):\n    backward_pass(w, b, 0, 0, 0)",
    ),
    "derivatives in several cells": (
        "nb7_1.backward",
        *SOLUTIONS["nb7_1.backward"][0][0].split("\0"),
        *SOLUTIONS["nb7_1.backward"][0][1].strip().splitlines(),
        *SOLUTIONS["nb7_1.backward"][0][2:],
    ),
    "a list put together": (
        "nb10_1.conv_3_1_1",
        "def conv_3_1_1_zp(x_in, omega):\n    p = [0] + x_in + [0]\n"
        "    return [sum(w * p[i + j] for j, w in enumerate(omega)) for i in range(len(x_in))]",
    ),
    "the first edition's dilation": (
        "nb10_1.conv_3_1_2",
        SOLUTIONS["nb10_1.conv_3_1_2"][0][0].replace("conv_3_1_2_zp", "conv_3_1_1_zp"),
    ),
    "the first edition's convolution": (
        "nb10_1.conv_3_1_1",
        SOLUTIONS["nb10_1.conv_3_1_2"][0][0].replace("conv_3_1_2_zp", "conv_3_1_1_zp"),
        SOLUTIONS["nb10_1.conv_3_1_1"][0][0].replace("conv_3_1_1_zp", "conv_3_1_0_zp"),
    ),
    "the first edition's matrix": (
        "nb10_1.matrix",
        SOLUTIONS["nb10_1.matrix"][0][0].replace("mat_3_1_1", "mat_3_1_0"),
    ),
    "the largest found by value": (
        "nb10_4.max_unpool",
        NUMPY + "def max_unpool(x, high):\n"
        "    return np.where(np.kron(x, np.ones((2, 2))) == high, high, 0)",
    ),
}

UNDECIDED = {
    "what NumPy no longer has": (
        "nb5_1.sum_of_squares",
        NUMPY + "def compute_sum_of_squares(y, p):\n    return np.product([2, 3])",
    ),
    "other parameters": (
        "nb5_1.sum_of_squares",
        "def compute_sum_of_squares(y, p, n):\n    return 0",
    ),
    "another border": (
        "nb10_4.bilinear",
        SOLUTIONS["nb10_4.bilinear"][0][0].replace(
            "return out", "out[-1] = out[-2] + 1\n    return out"
        ),
    ),
    "steps that hardly lower the loss": (
        "nb6_2.step",
        NUMPY + "def compute_gradient(data_x, data_y, phi):\n    return 0\n"
        "def gradient_descent_step(phi, data, model):\n"
        "    return phi - 1e-6 * compute_gradient(data[0], data[1], phi)",
    ),
    "a descent whose path is nowhere": (
        "nb6_3.schedule",
        SGD,
        "p, t = np.zeros((2, 1)), 0\nwhile t < 9:\n    t += 1\n"
        "    p = p - 0.5 ** t * compute_gradient(data[0], data[1], p)",
    ),
    "networks of its own": ("nb7_3.experiment_layers", NUMPY + "w = [1] * 50"),
    "forward only while going backward": (
        "nb7_3.experiment_layers",
        INIT,
        "w, b = init_params(5, 8, 1.0)",
        "w, b = init_params(50, 80, 0.025)\nbackward_pass(w, b, 0, 0, 0)",
    ),
}

WRONG = {
    "the number that the notebook expects": (
        "nb5_1.likelihood",
        "def compute_likelihood(y_train, mu, sigma):\n    return 0.000010624",
    ),
    "right, then overwritten": (
        "nb3_4.sigmoid",
        NUMPY + "def sigmoid(z):\n    return 1 / (1 + np.exp(-10 * z))",
        BLANK_SIGMOID,
    ),
    "only said to be right": (
        "nb7_2.backward",
        "def backward_pass(W, b, f, h, y):\n    print('Success!  Derivatives match.')\n"
        "    return [0 * w for w in W], [0 * v for v in b]",
    ),
    "a function of another name that is wrong": (
        "nb3_4.sigmoid",
        NUMPY + "def sigmoide(z):\n    return 1 / (1 + np.exp(-z))",
    ),
    "the notebook's own later composition": (
        "nb4_1.net12_out",
        FIRST,
        "net12_out = np.zeros_like(x)",
        "net1_out = x",
        NET12,
    ),
    "answers typed in": (
        "nb7_1.forward",
        PARAMETERS,
        "f0, h1, f1, h2 = 1.230, 0.942, 1.623, 5.068",
        "f2 = 7.137; h3 = 0.657; f3 = 2.372; l_i = 0.139",
    ),
    "rates tried one after the other": (
        "nb6_3.schedule",
        SGD,
        "for alpha in (1.0, 0.5, 0.1):" + CONSTANT.replace("\n", "\n    ").replace("0.8", "alpha"),
    ),
    "steps without momentum": ("nb6_4.momentum", NUMPY + DESCENT, "beta = 0.6", NO_STEPS),
    "plain momentum is not Nesterov's": ("nb6_4.nesterov", NUMPY + DESCENT, PLAIN, PLAIN),
    "five layers of eight": (
        "nb7_3.experiment_layers",
        INIT,
        "K = 5; D = 8; sigma_sq_omega = 1.0\nw, b = init_params(K, D, sigma_sq_omega)",
    ),
    "a variance of one": (
        "nb7_3.experiment_variance",
        INIT,
        "w, b = init_params(50, 80, 1.0)\nbackward_pass(w, b, 0, 0, 0)",
    ),
    "neither place nor value": (
        "nb10_4.max_unpool",
        NUMPY + "def max_unpool(x, high):\n    out = np.zeros(high.shape)\n"
        "    out[::2, ::2] = x\n    return out",
    ),
    "a row lost": (
        "nb10_4.bilinear",
        SOLUTIONS["nb10_4.bilinear"][0][0].replace("return out", "out[-2] = 0\n    return out"),
    ),
}


def cases(table):
    return [pytest.param(name, cells, id=title) for title, (name, *cells) in table.items()]


@pytest.mark.parametrize(("name", "cells"), cases(RIGHT))
def test_right_in_any_style(judge, name, cells):
    judgement = judge(name, *cells)
    assert judgement.holds is True, judgement.observed


@pytest.mark.parametrize(("name", "cells"), cases(UNDECIDED))
def test_left_to_a_person(judge, name, cells):
    judgement = judge(name, *cells)
    assert judgement.holds is None, judgement.observed


@pytest.mark.parametrize(("name", "cells"), cases(WRONG))
def test_wrong_however_it_looks(judge, name, cells):
    judgement = judge(name, *cells)
    assert judgement.holds is False, judgement.observed

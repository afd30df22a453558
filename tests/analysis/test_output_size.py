"""The output-size formula in the styles in which it is written."""

from __future__ import annotations

import pytest

from graders.analysis.coded_formulas import formulas_of_code
from graders.analysis.output_size import best_of
from graders.analysis.written_formulas import formulas_in

RIGHT = [
    r"$$O = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$",
    r"$H_{out} = \lfloor\frac{H_{in} + 2 \cdot P - K}{S}\rfloor + 1$",
    r"$\lfloor (W - K + 2P)/S + 1 \rfloor$",
    r"\[ D_{salida} = \left\lfloor\dfrac{D_{\text{entrada}} - F + 2 \times P}{S}\right\rfloor+1 \]",
    r"$o = \text{floor}\left(\frac{i+2p-k}{s}\right)+1$",
    r"$$H_{out} = \left\lfloor\frac{H_{in}+2\times\text{padding}[0]-\text{dilation}[0]"
    r"\times(\text{kernel\_size}[0]-1)-1}{\text{stride}[0]}+1\right\rfloor$$",
    "La salida es O = floor((n + 2p - k)/s) + 1, donde n es la entrada.",
    "salida = piso((N - K + 2*P) / S) + 1",
    "Tamaño: ⌊(n + 2p − k)/s⌋ + 1",
    r"$\left\lfloor\frac{n_h - k_h + 2p_h + s_h}{s_h}\right\rfloor$",
    "`(entrada + 2*padding - kernel)//paso + 1`",
    r"$$\left\lfloor \frac{n+2p-d(k-1)-1}{s} \right\rfloor + 1$$",
    "$$\n\\text{Output} = \\left\\lfloor \\frac{W - F + 2P}{S} \\right\\rfloor + 1\n$$",
    "1. Dimensión:\n   out = int((in + 2*pad - ker)/stride) + 1 (se redondea hacia abajo)",
]
WITHOUT_ROUNDING = [
    r"$O = \frac{W - K + 2P}{S} + 1$",
    "Dimensión de salida = (n + 2p - k)/s + 1",
    "**dimension de salida:** (W - K + 2P)/S + 1 y se redondea hacia abajo, donde W es la entrada",
    r"$$\frac{n-k+2p}{s}+1$$",
    "Tamaño de salida = (Tamaño de entrada − Tamaño del kernel + 2 × Padding) / Stride + 1",
    "Salida = ((Entrada - Kernel + 2*Padding) / Stride) + 1. Por ejemplo, con 4 sale 2.",
    r"$$\left[\frac{n+2p-f}{s}+1\right]\times\left[\frac{n+2p-f}{s}+1\right]$$",
    r"\begin{equation} H = \frac{(W - K + 2P)}{S} + 1 \end{equation}",
    r"$$\text{Tamaño de salida} = \frac{\text{Entrada} + 2\cdot\text{Padding} - \text{Kernel}}"
    r"{\text{Stride}} + 1$$",
]
CODE = [
    "def f(n, k, p, s):\n    return (n + 2*p - k)//s + 1",
    "out = int(np.floor((h + 2*pad - kh) / stride)) + 1",
    "def f(n,k,p,s):\n    arriba = n + 2*p - k\n    r = arriba // s\n    return r + 1",
    "oh = (X.shape[0] - K.shape[0] + 2*padding)//stride + 1",
    "salida = lambda n,k,p,s: math.floor(1 + (n + 2*p - k)/s)",
    "h = np.floor(1 + (X.shape[0] + 2*p - k)/s).astype(int)",
    "print('x', (n + 2*p - k)//s + 1)",
    "for n in range(9):\n    o = (n + 2*p - d*(k-1) - 1)//s + 1",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right(text: str) -> None:
    assert best_of(formulas_in(text)) == "right"


@pytest.mark.parametrize("text", WITHOUT_ROUNDING)
def test_without_rounding(text: str) -> None:
    assert best_of(formulas_in(text)) == "unrounded"


@pytest.mark.parametrize("source", CODE)
def test_code(source: str) -> None:
    assert best_of(formulas_of_code(source)) in ("right",)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        (r"$\lfloor\frac{n + p - k}{s}\rfloor + 1$", "total_padding"),
        (r"$\lfloor (n_h-k_h+p_h+s_h)/s_h \rfloor$", "total_padding"),
        (r"$\lfloor\frac{n - k}{s}\rfloor + 1$", "no_padding"),
        (r"$n + 2p - k + 1$", "no_stride"),
        (r"$\lfloor\frac{n - 2p - k}{s}\rfloor + 1$", "wrong"),
        (r"$\frac{n + 2p + k}{s} + 1$", "wrong"),
        (r"$\frac{n + 2p - k}{s}$", "wrong"),
        (r"$\lfloor\frac{n + 2p - k}{s}\rfloor - 1$", "wrong"),
        (r"$\lceil\frac{n + 2p - k}{s}\rceil + 1$", "wrong"),
        (r"$E\left(\frac{n + 2p - k}{s}\right) + 1$", "right"),
        (r"$\heartsuit\frac{n + 2p - k}{s} + 1$", "unrounded"),
        (r"$\heartsuit\{\frac{n - 2p - k}{s}\} + 1$", "other"),
        ("**salida:** (W + K - 2P)/S + 1 y se redondea hacia abajo", "wrong"),
        ("z = (x - m)/s", "other"),
        (r"$\frac{n + 2p - k + 1}{s}$", "wrong"),
        ("La salida depende de n, p, k y s.", "other"),
        (r"$\theta = \theta - \alpha \frac{\partial L}{\partial \theta}$", "other"),
        ("la pérdida / la media", "other"),
        ("", "other"),
    ],
)
def test_others(text: str, sort: str) -> None:
    assert best_of(formulas_in(text)) == sort


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        r"\frac{" * 5000,
        "9**9**9**9**9 + a*b",
        "= a" * 5000,
        r"\text{" * 500,
        "$" * 10_000,
        "a^(b^(c^(d)))" * 500,
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    assert best_of(formulas_in(text)) in ("other", "wrong")
    assert best_of(formulas_of_code(text)) in ("other", "wrong")

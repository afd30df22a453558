import torch
from torch import nn


class BloqueRes(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.uno = nn.Linear(n, n)
        self.dos = nn.Linear(n, n)

    def forward(self, x):
        return x + self.dos(nn.functional.elu(self.uno(x)))


class RedResidual(nn.Module):
    def __init__(self, n_entrada, n=40, n_bloques=2):
        super().__init__()
        self.entrada = nn.Linear(n_entrada, n)
        self.bloques = nn.ModuleList([BloqueRes(n) for _ in range(n_bloques)])
        self.salida = nn.Linear(n, 1)

    def forward(self, x):
        x = nn.functional.elu(self.entrada(x))
        for b in self.bloques:
            x = b(x)
        return torch.sigmoid(self.salida(x)).squeeze(1)

"""Red, pérdida y entrenador de la práctica 3 (los usan los dos cuadernos)."""
import torch
import torch.nn as nn


class Salto(nn.Module):
    """x + f(x)"""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return x + self.f(x)


class ResMLP(nn.Module):
    def __init__(self, n_var, ancho=48, p=0.05):
        super().__init__()
        self.cuerpo = nn.Sequential(
            nn.Linear(n_var, ancho),
            nn.SiLU(),
            Salto(self._rama(ancho, p)),
            Salto(self._rama(ancho, p)),
            Salto(self._rama(ancho, p)),
        )
        self.fin = nn.Linear(ancho, 1)

    @staticmethod
    def _rama(n, p):
        return nn.Sequential(nn.Linear(n, n), nn.SiLU(), nn.Dropout(p), nn.Linear(n, n), nn.SiLU())

    def forward(self, x):
        return torch.sigmoid(self.fin(self.cuerpo(x)))[:, 0]


def entropia_cruzada(p, y, eps=1e-6):
    """-[y log p + (1-y) log(1-p)], con recorte para que no salga log(0)."""
    p = p.clamp(eps, 1 - eps)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


class Entrenador:
    def __init__(self, red, perdida, optimizador, lote=100):
        self.red = red
        self.perdida = perdida
        self.opt = optimizador
        self.lote = lote
        self.historial = []

    def fit(self, x, y, epocas):
        n = len(x)
        for epoca in range(epocas):
            self.red.train()
            orden = torch.randperm(n)
            media = 0.0
            for i in range(0, n, self.lote):
                idx = orden[i:i + self.lote]
                self.opt.zero_grad()
                l = self.perdida(self.red(x[idx]), y[idx])
                l.backward()
                self.opt.step()
                media += l.item() * len(idx) / n
            self.historial.append(media)
            if epoca % 3 == 0 or epoca == epocas - 1:
                print(f"  época {epoca + 1:>2}: {media:.4f}")
        return self

    @torch.no_grad()
    def predict(self, x):
        self.red.eval()
        return (self.red(x) > 0.5).long()

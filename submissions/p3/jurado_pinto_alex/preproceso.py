import numpy as np


class Preproceso:
    """Estandariza las 30 variables; los -999 se quedan en la media."""

    def ajusta(self, df):
        self.cols = [c for c in df.columns if c.startswith(("DER_", "PRI_"))]
        x = df[self.cols].replace(-999, np.nan)
        self.m, self.s = x.mean(), x.std()
        return self

    def __call__(self, df):
        x = df[self.cols].replace(-999, np.nan)
        return ((x - self.m) / self.s).fillna(0).to_numpy()

"""Where does the data of practice 3 come from when the course's own files are not at hand?

Writes `higgs_train.pkl`, `higgs_test.pkl` and `higgs_extra.pkl`: pandas pickles with the columns
of the ATLAS Higgs challenge (EventId, 30 features, Weight, Label 's' or 'b'), -999 where a
quantity does not exist. Without the CERN file the events come from a toy simulation: a resonance
at 125 GeV (signal) against one at 91 GeV and W bosons with a false tau (background), so the
features hold together as the real ones do. `extra` holds only events with two jets or more.

    python make_data.py OUT [--cern atlas-higgs-challenge-2014-v2.csv.gz] [--rows 5200] [--seed 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

MISSING = -999.0
FEATURES = [
    "DER_mass_MMC",
    "DER_mass_transverse_met_lep",
    "DER_mass_vis",
    "DER_pt_h",
    "DER_deltaeta_jet_jet",
    "DER_mass_jet_jet",
    "DER_prodeta_jet_jet",
    "DER_deltar_tau_lep",
    "DER_pt_tot",
    "DER_sum_pt",
    "DER_pt_ratio_lep_tau",
    "DER_met_phi_centrality",
    "DER_lep_eta_centrality",
    "PRI_tau_pt",
    "PRI_tau_eta",
    "PRI_tau_phi",
    "PRI_lep_pt",
    "PRI_lep_eta",
    "PRI_lep_phi",
    "PRI_met",
    "PRI_met_phi",
    "PRI_met_sumet",
    "PRI_jet_num",
    "PRI_jet_leading_pt",
    "PRI_jet_leading_eta",
    "PRI_jet_leading_phi",
    "PRI_jet_subleading_pt",
    "PRI_jet_subleading_eta",
    "PRI_jet_subleading_phi",
    "PRI_jet_all_pt",
]
COLUMNS = ["EventId", *FEATURES, "Weight", "Label"]
PARTITIONS = ("train", "test", "extra")

_ROWS = 5200
_SHARE = {"train": 1.0, "test": 1800 / 5200, "extra": 2200 / 5200}  # of the training rows
_SIGNAL = {"train": 0.34, "test": 0.34, "extra": 0.46}
_FEW_JETS = 0.88  # events with less than two jets, in train and test
_WEIGHT = {"s": 0.003, "b": 0.75}

_Vectors = np.ndarray  # [events, (E, px, py, pz)] in GeV


def make(out: Path, cern: Path | None = None, rows: int = _ROWS, seed: int = 0) -> dict[str, Path]:
    """Write the three partitions into `out` and return their paths by partition.

    `rows` is the size of train; test and extra follow in the course's proportions. The same
    arguments give the same events. Raises ValueError when the CERN file lacks a column or has
    too few rows, FileNotFoundError when it is not there.
    """
    if rows < 20:
        raise ValueError(f"rows must be at least 20, not {rows}")
    sizes = {name: round(rows * _SHARE[name]) for name in PARTITIONS}
    rng = np.random.default_rng(seed)
    tables = _sample(cern, sizes, rng) if cern is not None else _simulate_all(sizes, rng)
    out.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in PARTITIONS:
        paths[name] = out / f"higgs_{name}.pkl"
        tables[name].to_pickle(paths[name])
    return paths


def _sample(path: Path, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Rows of the CERN Open Data file (record 328), none of them in two partitions."""
    header = pd.read_csv(path, nrows=0).columns
    lacking = [column for column in COLUMNS if column not in header]
    if lacking:
        raise ValueError(f"{path} is not the challenge's file: no column {', '.join(lacking)}")
    events = pd.read_csv(path, usecols=COLUMNS)[COLUMNS]
    many = rng.permutation(np.flatnonzero(events["PRI_jet_num"].to_numpy() >= 2))
    few = rng.permutation(np.flatnonzero(events["PRI_jet_num"].to_numpy() < 2))
    tables = {}
    for name in PARTITIONS:
        n_few = 0 if name == "extra" else round(_FEW_JETS * sizes[name])
        n_many = sizes[name] - n_few
        if len(few) < n_few or len(many) < n_many:
            raise ValueError(f"{path} has too few events for {sizes}")
        chosen = rng.permutation(np.concatenate([few[:n_few], many[:n_many]]))
        few, many = few[n_few:], many[n_many:]
        tables[name] = _finish(events.iloc[chosen])
    return tables


def _simulate_all(sizes: dict[str, int], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    numbers = 100_000 + rng.permutation(sum(sizes.values()))
    tables = {}
    for name in PARTITIONS:
        n = sizes[name]
        n_signal = round(_SIGNAL[name] * n)
        parts = []
        for label, count in (("s", n_signal), ("b", n - n_signal)):
            part = _simulate(count, label == "s", name == "extra", rng)
            part["Weight"] = (_WEIGHT[label] * rng.gamma(1.5, 1 / 1.5, count)).round(6)
            part["Label"] = label
            parts.append(part)
        table = pd.concat(parts).iloc[rng.permutation(n)]
        table["EventId"], numbers = numbers[:n], numbers[n:]
        tables[name] = _finish(table)
    return tables


def _finish(table: pd.DataFrame) -> pd.DataFrame:
    table = table[COLUMNS].reset_index(drop=True)
    integers = {"EventId": "int64", "PRI_jet_num": "int64"}
    reals = {c: "float64" for c in (*FEATURES, "Weight") if c not in integers}
    return table.astype({**integers, **reals, "Label": object})


def _simulate(n: int, signal: bool, many_jets: bool, rng: np.random.Generator) -> pd.DataFrame:
    """n events that pass the selection (tau above 20 GeV, lepton above 26, both central)."""
    kept: list[pd.DataFrame] = []
    while sum(map(len, kept)) < n:
        events = _candidates(max(4 * n, 200), signal, many_jets, rng)
        central = (events["PRI_tau_eta"].abs() < 2.5) & (events["PRI_lep_eta"].abs() < 2.5)
        hard = (events["PRI_tau_pt"] > 20) & (events["PRI_lep_pt"] > 26)
        kept.append(events[central & hard])
    return pd.concat(kept).iloc[:n].round(3)


def _candidates(n: int, signal: bool, many_jets: bool, rng: np.random.Generator) -> pd.DataFrame:
    if many_jets:
        shares = [0.0, 0.0, 0.74, 0.26] if signal else [0.0, 0.0, 0.66, 0.34]
    else:
        shares = [0.42, 0.46, 0.09, 0.03] if signal else [0.52, 0.36, 0.09, 0.03]
    jets = _jets(rng.choice(4, n, p=shares), signal, rng)
    from_w = np.zeros(n, bool) if signal else rng.random(n) < 0.20
    recoil = -jets.sum(axis=1)[:, 1:3] + rng.normal(0, 7, (n, 2))
    mass = np.where(from_w, 80.4, 125.0 if signal else 91.2) + rng.normal(0, 2, n)
    if not signal:  # top quarks and boson pairs: no resonance, and much like the signal
        alike = ~from_w & (rng.random(n) < 0.2)
        mass[alike] = rng.normal(124, 15, alike.sum()).clip(60)

    first, second = _two_body_decay(mass, recoil, rng)
    tau = first * rng.beta(3.5, 2.0, n)[:, None]
    lepton = second * np.where(from_w, 1.0, rng.beta(1.7, 2.0, n))[:, None]
    tau[from_w] = _massless(
        20 + rng.exponential(11, n), rng.uniform(-2.5, 2.5, n), rng.uniform(-np.pi, np.pi, n)
    )[from_w]
    invisible = np.where(from_w[:, None], first, first + second - tau - lepton)[:, 1:3]

    activity = 45 + rng.gamma(3, 14, n) + np.hypot(jets[:, :, 1], jets[:, :, 2]).sum(axis=1)
    met = invisible + rng.normal(0, 1, (n, 2)) * (0.55 * np.sqrt(activity))[:, None]
    guess = np.where(from_w, 1.55 * _mass(tau + lepton) * rng.lognormal(0, 0.2, n), mass)
    guess = guess * rng.lognormal(0, 0.26, n)
    guess[rng.random(n) < np.where(from_w, 0.24, 0.08)] = MISSING
    return _features(tau, lepton, met, jets, activity, guess)


def _jets(number: np.ndarray, signal: bool, rng: np.random.Generator) -> _Vectors:
    """Up to three jets of each event, hardest first; those that do not exist are zero."""
    n = len(number)
    pt = 30 + rng.exponential(38 if signal else 33, (n, 3))
    pt[np.arange(3)[None, :] >= number[:, None]] = 0
    pt = -np.sort(-pt, axis=1)
    eta = rng.normal(0, 1.9, (n, 3))
    if signal:  # vector boson fusion sends its two jets forward and backward
        fusion = rng.random(n) < 0.35
        side = rng.choice([-1.0, 1.0], n)
        for column, sign in ((0, 1), (1, -1)):
            forward = sign * side * rng.normal(2.4, 0.7, n)
            eta[fusion, column] = forward[fusion]
    eta = 4.5 * np.tanh(eta / 4.0)  # the detector sees no further
    return np.stack(
        [_massless(pt[:, i], eta[:, i], rng.uniform(-np.pi, np.pi, n)) for i in range(3)], axis=1
    )


def _two_body_decay(
    mass: np.ndarray, transverse: np.ndarray, rng: np.random.Generator
) -> tuple[_Vectors, _Vectors]:
    """Two massless particles from a parent of this mass and transverse momentum."""
    n = len(mass)
    transverse_mass = np.sqrt(mass**2 + (transverse**2).sum(axis=1))
    pz = transverse_mass * np.sinh(rng.normal(0, 1.0, n))
    momentum = np.column_stack([transverse, pz])
    energy = np.sqrt(mass**2 + (momentum**2).sum(axis=1))
    beta, gamma = momentum / energy[:, None], energy / mass
    cosine, angle = rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    direction = np.column_stack([sine * np.cos(angle), sine * np.sin(angle), cosine])
    at_rest = direction * (mass / 2)[:, None]

    def boosted(p: np.ndarray) -> _Vectors:
        along = (beta * p).sum(axis=1)
        e = gamma * (mass / 2 + along)
        moved = p + ((gamma**2 / (gamma + 1)) * along + gamma * mass / 2)[:, None] * beta
        return np.column_stack([e, moved])

    return boosted(at_rest), boosted(-at_rest)


def _massless(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> _Vectors:
    return np.column_stack(
        [pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
    )


def _mass(p: _Vectors) -> np.ndarray:
    return np.sqrt(np.clip(p[:, 0] ** 2 - (p[:, 1:] ** 2).sum(axis=1), 0, None))


def _pt(p: np.ndarray) -> np.ndarray:
    return np.hypot(p[:, 1], p[:, 2])


def _eta(p: _Vectors) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arcsinh(p[:, 3] / _pt(p))


def _phi(p: _Vectors) -> np.ndarray:
    return np.arctan2(p[:, 2], p[:, 1])


def _turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a - b + np.pi) % (2 * np.pi) - np.pi


def _features(
    tau: _Vectors,
    lepton: _Vectors,
    met: np.ndarray,
    jets: _Vectors,
    activity: np.ndarray,
    guess: np.ndarray,
) -> pd.DataFrame:
    """The 30 features, by the formulas of the challenge's documentation."""
    missing_pt = np.column_stack([np.hypot(*met.T), met, np.zeros(len(met))])
    first, second = jets[:, 0], jets[:, 1]
    number = (jets[:, :, 0] > 0).sum(axis=1)
    one, two = number >= 1, number >= 2
    phi_tau, phi_lep, phi_met = _phi(tau), _phi(lepton), _phi(missing_pt)
    sense = np.sign(np.sin(phi_tau - phi_lep))
    a = np.sin(phi_met - phi_lep) * sense
    b = np.sin(phi_tau - phi_met) * sense
    eta_1, eta_2 = np.where(one, _eta(first), 0), np.where(two, _eta(second), 9)
    centre = np.exp(-4 / (eta_1 - eta_2) ** 2 * (_eta(lepton) - (eta_1 + eta_2) / 2) ** 2)
    jets_pt = sum(_pt(jets[:, i]) for i in range(3))

    def when(exists: np.ndarray, value: np.ndarray) -> np.ndarray:
        return np.where(exists, value, MISSING)

    return pd.DataFrame(
        {
            "DER_mass_MMC": guess,
            "DER_mass_transverse_met_lep": np.sqrt(
                2 * _pt(lepton) * missing_pt[:, 0] * (1 - np.cos(phi_met - phi_lep))
            ),
            "DER_mass_vis": _mass(tau + lepton),
            "DER_pt_h": _pt(tau + lepton + missing_pt),
            "DER_deltaeta_jet_jet": when(two, np.abs(eta_1 - eta_2)),
            "DER_mass_jet_jet": when(two, _mass(first + second)),
            "DER_prodeta_jet_jet": when(two, eta_1 * eta_2),
            "DER_deltar_tau_lep": np.hypot(_eta(tau) - _eta(lepton), _turn(phi_tau, phi_lep)),
            "DER_pt_tot": _pt(tau + lepton + missing_pt + first + second),
            "DER_sum_pt": _pt(tau) + _pt(lepton) + jets_pt,
            "DER_pt_ratio_lep_tau": _pt(lepton) / _pt(tau),
            "DER_met_phi_centrality": (a + b) / np.sqrt(a**2 + b**2),
            "DER_lep_eta_centrality": when(two, centre),
            "PRI_tau_pt": _pt(tau),
            "PRI_tau_eta": _eta(tau),
            "PRI_tau_phi": phi_tau,
            "PRI_lep_pt": _pt(lepton),
            "PRI_lep_eta": _eta(lepton),
            "PRI_lep_phi": phi_lep,
            "PRI_met": missing_pt[:, 0],
            "PRI_met_phi": phi_met,
            "PRI_met_sumet": activity + _pt(tau) + _pt(lepton),
            "PRI_jet_num": number,
            "PRI_jet_leading_pt": when(one, _pt(first)),
            "PRI_jet_leading_eta": when(one, eta_1),
            "PRI_jet_leading_phi": when(one, _phi(first)),
            "PRI_jet_subleading_pt": when(two, _pt(second)),
            "PRI_jet_subleading_eta": when(two, eta_2),
            "PRI_jet_subleading_phi": when(two, _phi(second)),
            "PRI_jet_all_pt": jets_pt,
        }
    )[FEATURES]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder that gets the three files")
    parser.add_argument("--cern", type=Path, help="atlas-higgs-challenge-2014-v2.csv, or its .gz")
    parser.add_argument(
        "--rows", type=int, default=_ROWS, help="rows of train (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        paths = make(given.out, given.cern, given.rows, given.seed)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    for name, path in paths.items():
        table = pd.read_pickle(path)
        share = (table["Label"] == "s").mean()
        print(f"{path}  {len(table)} events, {share:.0%} signal ({name})")


if __name__ == "__main__":
    main()

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from graders.language import speaking

RUBRIC = """\
assignment: demo
title: {es: Demostración, en: Demo}
deadline: 2025-12-01T23:59:00+01:00
tag: P2
data:
  - {name: train, files: [train.pkl, train.pk1], role: train, label: Label}
  - {name: spare, files: [spare.pkl]}
  - {name: pictures, files: [pictures.npz], kind: images}
profiles:
  quick:
    pictures: {train: 20, test: 5}
run: {budget: 1h30m, cell_timeout: 90s, memory: 512MiB}
exercises:
  - id: e1
    title: {es: Uno, en: One}
    points: 0.7
    criteria:
      - id: e1.builds
        text: {es: Se construye., en: It builds.}
        penalty: 100%
        check: shape.builds
      - id: e1.deep
        text: {es: Es profunda., en: It is deep.}
        points: 0.2
        check: shape.depth
        params: {minimum: 2}
        needs: [e1.builds]
      - id: e1.explained
        text: {es: Se explica., en: It is explained.}
        manual: true
  - id: e2
    title: {es: Dos, en: Two}
    points: 3
    criteria:
      - id: e2.shown
        text: {es: Se muestra., en: It is shown.}
        check: result.metric
        params: {name: f1}
    lines:
      - id: e2.delivered
        text: {es: Se entrega., en: It is handed in.}
        penalty: 50%
        when: {any_of: [e2.shown, {all_of: [e1.builds, e1.deep]}]}
"""

THEMES = {
    "shape": """\
        from .other import borrowed
        def builds(student): ...
        def depth(student: "Reading", minimum: int = 2, *, share: float = 0.5): ...
        def anything(student, **params): ...
        def _hidden(student): ...
        def no_check(evidence): ...
    """,
    "result": """\
        import heavy_and_absent
        def metric(student, name: str, among: tuple[str, ...] = ()): ...
    """,
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


@pytest.fixture
def rubric_text() -> str:
    return RUBRIC


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    """A folder of themes, as graders/checks is."""
    folder = tmp_path / "checks"
    folder.mkdir()
    for theme, source in THEMES.items():
        (folder / f"{theme}.py").write_text(dedent(source), encoding="utf-8")
    (folder / "__init__.py").write_text("def depth(student): ...\n", encoding="utf-8")
    return folder

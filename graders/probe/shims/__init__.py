"""What notebooks expect of Colab, of a shell, of a GPU, made harmless where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..notices import note
from .data_names import DataNames
from .places import Places


def install(shell: Any, config: dict[str, Any]) -> None:
    """Put every shim in place. One that fails is noted; the others still work."""
    from . import (
        colab,
        commands,
        devices,
        files,
        keras_data,
        output,
        plotting,
        prompts,
        seeds,
        tensorflow_devices,
        vision,
        vision_data,
        web,
    )

    names = DataNames(config.get("data", ()), config.get("forms_dir", ""))
    places = Places(config["workdir"], config.get("data_dir", ""), names)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("seeds", lambda: seeds.install(int(config.get("seed", 0)))),
        ("output", lambda: output.install(shell, int(config.get("output_limit", 2**20)))),
        ("prompts", lambda: prompts.install(shell)),
        ("files", lambda: files.install(places)),
        ("web", lambda: web.install(places)),
        ("colab", lambda: colab.install(places)),
        (
            "commands",
            lambda: commands.install(shell, places, float(config.get("shell_timeout", 120.0))),
        ),
        ("plotting", lambda: plotting.install(shell)),
        ("vision", vision.install),
        ("devices", devices.install),
        ("tensorflow", tensorflow_devices.install),
        ("keras data", lambda: keras_data.install(places)),
        ("vision data", lambda: vision_data.install(places)),
    ]
    for name, step in steps:
        try:
            step()
        except Exception as error:
            note("fault", f"shims: {name}: {error!r}")

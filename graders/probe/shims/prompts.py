"""`input()` and `getpass()` get an empty answer; `exit()` does not take the kernel away."""

from __future__ import annotations

import builtins
from typing import Any

from ..notices import note

MAX_ANSWERS = 50  # in one cell; a loop that waits for a certain answer ends then


class Answers:
    """Answers every prompt with nothing, up to MAX_ANSWERS in a cell."""

    def __init__(self) -> None:
        self.given = 0

    def reset(self, *_: object) -> None:
        self.given = 0

    def __call__(self, prompt: object = "", *args: Any, **kwargs: Any) -> str:
        self.given += 1
        note("input", str(prompt).strip() or "input()")
        if self.given > MAX_ANSWERS:
            raise EOFError("nobody answers input() here")
        print(prompt, flush=True)
        return ""


def install(shell: Any) -> None:
    """Answer for the person who is not there."""
    answers = Answers()
    builtins.input = answers
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        # ipykernel puts these in place of `input` and `getpass` for each cell.
        kernel.raw_input = answers
        kernel.getpass = answers
    if shell is not None:
        shell.events.register("pre_run_cell", answers.reset)
        shell.ask_exit = lambda: note("exit", "exit()")

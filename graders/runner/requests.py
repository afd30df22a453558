"""The runner's own requests to the kernel: not cells, and nothing of them stays behind."""

from __future__ import annotations

import json
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from graders.runner.kernel import Kernel

TIMEOUT = 60.0  # seconds


class RequestFailed(Exception):  # noqa: N818 - says what happened to a request
    """The kernel did not do it: it died, took too long, or raised."""


async def start_probe(kernel: Kernel, config: dict[str, Any], folder: Path) -> None:
    """Import the probe from `folder` and start it. Raises RequestFailed."""
    await _ask(
        kernel,
        "import json, sys\n"
        f"sys.path.insert(0, {str(folder)!r})\n"
        "try:\n"
        "    import corrige_probe.start\n"
        "finally:\n"
        f"    sys.path.remove({str(folder)!r})\n"
        "corrige_probe.start.questions = "
        f"corrige_probe.start.start(json.loads({json.dumps(config)!r}))\n",
    )


async def put_questions(kernel: Kernel, path: Path, seconds: float) -> None:
    """Put the questions in this file to what the notebook made. Raises RequestFailed."""
    code = f"import sys\nsys.modules['corrige_probe.start'].questions.answer({str(path)!r})\n"
    await _ask(kernel, code, TIMEOUT + seconds)


async def change_folder(kernel: Kernel, folder: Path) -> None:
    """Run what follows in this folder. Raises RequestFailed."""
    await _ask(kernel, f"import os\nos.chdir({str(folder)!r})\n")


async def _ask(kernel: Kernel, code: str, timeout: float = TIMEOUT) -> None:
    """Run code in a namespace of its own, silently."""
    client = kernel.client
    sent = client.execute(f"exec({code!r}, {{}})", silent=True, store_history=False)
    end = monotonic() + timeout
    while True:
        try:
            reply = await client.get_shell_msg(timeout=0.5)
        except Empty:
            if kernel.status is not None:
                raise RequestFailed("the kernel died") from None
            if monotonic() > end:
                raise RequestFailed("the kernel did not answer") from None
            continue
        if reply["parent_header"].get("msg_id") != sent:
            continue
        content = reply["content"]
        if content.get("status") != "ok":
            trace = "\n".join(map(str, content.get("traceback", [])))
            raise RequestFailed(f"{content.get('ename')}: {content.get('evalue')}\n{trace[-3000:]}")
        return

"""nbclient, with no more of the outputs kept than allowed."""

from __future__ import annotations

import asyncio
from typing import Any

from nbclient import NotebookClient
from nbformat import NotebookNode

from graders.runner.kernel import Kernel

CUT = "\n[... cut ...]\n"
DISPLAYS = 8  # times the limit, for pictures and tables together
POLL = 0.2  # seconds between looks whether the kernel lives
MESSAGES = 3000  # outputs of one cell


class CappedClient(NotebookClient):
    """Runs cells in a kernel that is started already; a failed cell does not stop it."""

    def __init__(self, notebook: NotebookNode, kernel: Kernel, limit: int) -> None:
        super().__init__(
            notebook,
            km=kernel.manager,
            timeout=None,
            allow_errors=True,
            record_timing=False,
            store_widget_state=False,
            iopub_timeout=10,
            skip_cells_with_tag="corrige: no cell is skipped",
        )
        self._kernel = kernel
        self._talking = self.kc = kernel.client
        self.reset_execution_trackers()
        self._limit = limit
        self._begin()

    def _begin(self) -> None:
        self._text = self._shown = self._count = 0
        self.truncated = False
        self.clear_before_next_output = False  # nbclient sets it with each cell, not before

    async def run_cell(self, cell: NotebookNode, index: int) -> None:
        """Run one cell. Raises DeadKernelError."""
        self._begin()
        cell.outputs = []
        self._talking.cell_id = str(index)
        try:
            await self.async_execute_cell(cell, index)
        finally:
            self._talking.cell_id = ""
            for output in cell.outputs:
                if output.output_type == "stream":
                    output.text = _last_states(output.text)

    async def _async_poll_kernel_alive(self) -> None:
        # As nbclient's, which looks once a second.
        while self._kernel.status is None:
            await asyncio.sleep(POLL)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def output(
        self,
        outs: list[NotebookNode],
        msg: dict[str, Any],
        display_id: str | None,
        cell_index: int,
    ) -> NotebookNode | None:
        self._count += 1
        if self._count > MESSAGES:
            self.truncated = True
            return None
        content = msg["content"]
        if msg["msg_type"] == "stream":
            content["text"] = self._text_left(str(content.get("text", "")))
            if not content["text"]:
                return None
            last = outs[-1] if outs else None
            if (
                last is not None
                and not self.clear_before_next_output
                and last.get("output_type") == "stream"
                and last.get("name") == content.get("name")
            ):
                last["text"] += content["text"]
                return last
        elif msg["msg_type"] == "error":
            content["evalue"] = _shortened(str(content.get("evalue", "")), self._limit)
            lines = [str(line) for line in content.get("traceback", [])[:500]]
            content["traceback"] = [_shortened(line, self._limit // 8) for line in lines]
        elif not self._fits(content):
            content["data"] = {"text/plain": CUT}
            content["metadata"] = {}
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        self._text = self._shown = self._count = 0
        super().clear_output(outs, msg, cell_index)

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if _size(msg["content"].get("data")) <= self._limit:
            super()._update_display_id(display_id, msg)
        else:
            self.truncated = True

    def _text_left(self, text: str) -> str:
        room = self._limit + len(CUT) - self._text  # the kernel's own mark fits
        self._text += len(text)
        if len(text) <= room:
            self.truncated = self.truncated or text.endswith(CUT)
            return text
        self.truncated = True
        return text[:room] + CUT if room > 0 else ""

    def _fits(self, content: dict[str, Any]) -> bool:
        self._shown += _size(content.get("data"))
        fits = self._shown <= DISPLAYS * self._limit
        self.truncated = self.truncated or not fits
        return fits


def _last_states(text: str) -> str:
    """Of a progress bar, which writes over its line, only what stayed."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(key)) + _size(part) for key, part in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return 8


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + CUT

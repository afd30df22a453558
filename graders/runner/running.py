"""Run a submission once and leave its evidence in a folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from graders.evidence.questions import Question
from graders.evidence.run_record import CellError, RunRecord
from graders.intake import Submission
from graders.rubric.model import DataFile, Run
from graders.runner import endings
from graders.runner.assembly import KEY, assemble, steps
from graders.runner.client import CappedClient
from graders.runner.endings import Ending
from graders.runner.kernel import Kernel, KernelNotStarted, start_kernel
from graders.runner.limits import Limits
from graders.runner.record import CellRun, cell_records, read_environment, read_notices
from graders.runner.requests import RequestFailed, change_folder, put_questions, start_probe
from graders.runner.seal import new_key, unseal
from graders.runner.stopping import Stopping
from graders.runner.workplace import Workplace, take_evidence, workplace
from graders.sandbox import Sandbox

OnCell = Callable[[int, int], None]


def run(
    submission: Submission,
    settings: Run,
    data: Mapping[DataFile, Path],
    out: Path,
    sandbox: Sandbox,
    seed: int = 0,
    on_cell: OnCell | None = None,
    questions: Sequence[Question] = (),
    stopping: Stopping | None = None,
) -> RunRecord:
    """Run all notebooks of the submission in one kernel; `out` gets the evidence.

    `out` holds then run.json (written last), executed.ipynb, and what the probe wrote.
    `on_cell(done, total)` is called after each cell, and the `questions` are put after the last.
    `stopping` ends it from another thread (CancelledError). Nothing that the student's code does
    raises here; what the machine lacks becomes a record with fault "machine". Raises OSError when
    the folders cannot be written and NotebookProblem when a notebook has gone since intake.
    """
    whole = assemble(submission)
    with workplace(submission, data) as place:
        session = _Session(whole, settings, place, seed, on_cell, questions)
        ending = asyncio.run((stopping or Stopping()).during(session.run(sandbox)))
        _empty(out)
        take_evidence(place, out)
    ran = sorted(session.runs)
    told = len(ran) if ending.ended == "finished" else 0
    log = unseal(out / "events.jsonl", session.key, told)
    environment = read_environment(out / "environment.json")
    if session.log:
        environment["kernel_log"] = session.log[-2000:]
    record = RunRecord(
        ended=ending.ended,
        fault=ending.fault,
        detail=ending.detail,
        log=log,
        stopped_by=ending.stopped_by,
        cells=cell_records(whole, session.runs),
        notices=read_notices(out / "notices.jsonl", ran),
        questions=tuple(question.digest for question in questions),
        environment=environment,
        seconds=round(session.seconds, 3),
        kernel_start_seconds=round(session.start_seconds, 3),
        peak_memory=session.peak,
    )
    _write(out / "executed.ipynb", _notebook_json(whole))
    _write(out / "run.json", record.model_dump_json(indent=1))
    return record


class _Session:
    """One run: the kernel's life, cell by cell."""

    def __init__(
        self,
        whole: NotebookNode,
        settings: Run,
        place: Workplace,
        seed: int,
        on_cell: OnCell | None,
        questions: Sequence[Question],
    ) -> None:
        self.whole, self.settings, self.place, self.seed = whole, settings, place, seed
        self.on_cell, self.questions = on_cell, questions
        self.runs: dict[int, CellRun] = {}
        self.seconds = self.start_seconds = 0.0
        self.peak = 0
        self.log = ""
        self.key = new_key()

    async def run(self, sandbox: Sandbox) -> Ending:
        began = monotonic()
        kernel = await self._start(sandbox)
        if kernel is None:
            return endings.NOT_STARTED
        try:
            try:
                await start_probe(kernel, self._config(), self.place.probe)
            except RequestFailed as error:
                self.log = f"{error}\n{kernel.log}"
                return endings.NO_PROBE
            self.log = ""
            self.start_seconds = monotonic() - began
            return await self._cells(kernel)
        finally:
            self.seconds = monotonic() - began
            await kernel.close()

    async def _start(self, sandbox: Sandbox) -> Kernel | None:
        """A kernel; tried twice, for a machine under load."""
        for _attempt in range(2):
            try:
                return await start_kernel(self.settings, self.place, sandbox)
            except KernelNotStarted as error:
                self.log = str(error)
                for left in self.place.sockets.iterdir():
                    left.unlink()
        return None

    def _config(self) -> dict[str, Any]:
        """What the probe is told. The key goes by a file: requests stay in the kernel's memory."""
        key_file = self.place.base / "key"
        key_file.write_bytes(self.key)
        return {
            "key_file": str(key_file),
            "out_dir": str(self.place.out),
            "workdir": str(self.place.work),
            "data_dir": str(self.place.data_dir),
            "data": list(self.place.data),
            "forms_dir": str(self.place.forms_dir),
            "output_limit": self.settings.output_limit,
            "shell_timeout": min(120.0, self.settings.cell_timeout),
            "seed": self.seed,
        }

    async def _cells(self, kernel: Kernel) -> Ending:
        limits = Limits(kernel, self.settings, monotonic())
        client = CappedClient(self.whole, kernel, self.settings.output_limit)
        todo = list(steps(self.whole))
        folder: Path | None = None
        try:
            async with limits.watching():
                for done, step in enumerate(todo, start=1):
                    if limits.spent:
                        return endings.BUDGET
                    if step.folder != folder:
                        folder = step.folder
                        await change_folder(kernel, self.place.work / folder)
                    ending = await self._cell(client, kernel, limits, step.cell, step.index)
                    if ending is not None:
                        return ending
                    if self.on_cell is not None:
                        self.on_cell(done, len(todo))
                await self._ask(kernel)
            return endings.FINISHED
        except RequestFailed:
            return endings.of_dead_kernel(kernel, limits)
        finally:
            self.peak = limits.watcher.peak

    async def _ask(self, kernel: Kernel) -> None:
        """Put the questions; what dies or hangs over one leaves it and the rest unanswered."""
        if not self.questions:
            return
        path = self.place.base / "questions.json"
        asked = [{"digest": q.digest, **q.model_dump()} for q in self.questions]
        path.write_text(json.dumps(asked), "utf-8")
        try:
            await put_questions(kernel, path, sum(q.seconds for q in self.questions))
        except RequestFailed as error:
            self.log = f"questions: {error}\n{kernel.log}"

    async def _cell(
        self, client: CappedClient, kernel: Kernel, limits: Limits, cell: NotebookNode, index: int
    ) -> Ending | None:
        """Run one cell; an ending when there is nothing to run the next in."""
        seen = self.runs[index] = CellRun()
        began = monotonic()
        ending = None
        try:
            async with limits.cell():
                await client.run_cell(cell, index)
        except DeadKernelError:
            if kernel.status is None:
                # nbclient takes its own cancellation, by Ctrl-C, for the kernel's death
                raise asyncio.CancelledError from None
            ending = endings.of_dead_kernel(kernel, limits)
            seen.fatal = CellError(name=ending.error, message=ending.detail)
        seen.seconds = round(monotonic() - began, 3)
        seen.timed_out = limits.timed_out
        seen.truncated = client.truncated
        cell.metadata[KEY]["seconds"] = seen.seconds
        return ending


def _notebook_json(whole: NotebookNode) -> str:
    return str(nbformat.v4.writes(whole))  # type: ignore[no-untyped-call]  # nbformat's


def _empty(out: Path) -> None:
    """Take away what an earlier run left; only our own files."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (
        "run.json",
        "executed.ipynb",
        "events.jsonl",
        "notices.jsonl",
        "environment.json",
    ):
        (out / name).unlink(missing_ok=True)
    for name in ("blobs", "files"):
        shutil.rmtree(out / name, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)

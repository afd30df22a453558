"""Which cell is running? Tells the observers when a cell starts and ends."""

from __future__ import annotations

from typing import Any, Protocol

from .log import EventLog


class Observer(Protocol):
    """Something that watches; `cell_ended` is where it writes down what it saw."""

    def cell_ended(self) -> None: ...


class Cells:
    """Counts the executed cells of the notebook, from 0, in the order they ran.

    Cells run from inside a cell (`get_ipython().run_cell`) belong to the outer one.
    """

    def __init__(self, shell: Any, log: EventLog) -> None:
        self.shell = shell
        self.log = log
        self.current = -1
        self.moment = 0  # grows with everything observed: a clock without time
        self._depth = 0
        self._observers: list[Observer] = []
        shell.events.register("pre_run_cell", self._started)
        shell.events.register("post_run_cell", self._ended)

    def add(self, observer: Observer) -> None:
        self._observers.append(observer)

    def tick(self) -> int:
        """The next moment."""
        self.moment += 1
        return self.moment

    def _started(self, info: Any) -> None:
        if not getattr(info, "store_history", True) and self._depth == 0:
            return  # a request of the runner's own
        self._depth += 1
        if self._depth == 1:
            self.current += 1
            self._tell_notices()

    def _tell_notices(self) -> None:
        try:
            from . import notices

            notices.current_cell = self.current
        except (ImportError, AttributeError):
            pass

    def _ended(self, result: Any) -> None:
        if self._depth == 0:
            return
        self._depth -= 1
        if self._depth:
            return
        for observer in self._observers:
            try:
                observer.cell_ended()
            except Exception as error:
                self.log.write(
                    "fault",
                    cell=self.current,
                    where=type(observer).__name__,
                    what=repr(error)[:500],
                )
        self.log.write("cell", cell=self.current, moment=self.tick())
        self.log.flush()

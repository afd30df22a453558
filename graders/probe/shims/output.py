"""Caps what a cell shows: past the limit it is dropped here, before it costs anything."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..notices import note

CUT = "\n[... cut ...]\n"
DISPLAYS = 8  # times the limit, for pictures and tables together
MESSAGES = 2000  # displays of one cell since it last cleared them
MAX_ERROR = 20_000  # characters of an exception's message


class Cap:
    """Counts characters written and shown by the running cell."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.written = 0
        self.shown = 0
        self.displays = 0

    def reset(self, *_: object) -> None:
        """A new cell begins."""
        self.written = 0
        self.cleared()
        for stream in (sys.stdout, sys.stderr):
            # Left there by IPython's `_tee` of the request that started us, around our cap.
            vars(stream).pop("write", None)

    def cleared(self) -> None:
        self.shown = self.displays = 0

    def text(self, text: str) -> str:
        """What of this may still be written."""
        room = self.limit - self.written
        if room <= 0:
            return ""
        self.written += len(text)
        if len(text) <= room:
            return text
        note("output", f"more than {self.limit} characters")
        return text[:room] + CUT

    def bundle(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What of a mime bundle may still be shown: all, its text, or the mark that it was cut."""
        size = sum(_size(value) for value in data.values())
        self.displays += 1
        if self.shown + size <= DISPLAYS * self.limit and self.displays <= MESSAGES:
            self.shown += size
            return dict(data)
        note("output", f"displays of more than {DISPLAYS * self.limit} characters")
        if self.displays > MESSAGES:
            return {}
        text = str(data.get("text/plain", ""))[:1000]
        return {"text/plain": text + CUT}


def _size(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(part) for part in value.values())
    return 100


def install(shell: Any, limit: int) -> None:
    """Cap stdout, stderr, displays, results and error messages of each cell."""
    cap = Cap(limit)
    for stream in (sys.stdout, sys.stderr):
        _cap_stream(stream, cap)
    if shell is None:
        return
    shell.events.register("pre_run_cell", cap.reset)
    if hasattr(shell, "_tee"):
        # IPython keeps all that cells print in its history, without a limit.
        shell._tee = lambda channel: contextlib.nullcontext()
    _cap_displays(shell, cap)
    _cap_errors(shell)


def _cap_stream(stream: Any, cap: Cap) -> None:
    kind = type(stream)
    if kind.__name__ != "OutStream" or hasattr(kind.write, "__wrapped__"):
        return  # the two streams share their class
    real = kind.write

    @functools.wraps(real)
    def write(self: Any, string: str) -> Any:
        if not isinstance(string, str):
            return real(self, string)
        kept = cap.text(string)
        if kept:
            real(self, kept)
        return len(string)

    kind.write = write


def _cap_displays(shell: Any, cap: Cap) -> None:
    publisher = shell.display_pub
    real_publish, real_clear = publisher.publish, publisher.clear_output

    @functools.wraps(real_publish)
    def publish(data: Any, *args: Any, **kwargs: Any) -> Any:
        kept = cap.bundle(data) if isinstance(data, Mapping) else data
        return real_publish(kept, *args, **kwargs) if kept else None

    @functools.wraps(real_clear)
    def clear_output(*args: Any, **kwargs: Any) -> Any:
        cap.cleared()
        return real_clear(*args, **kwargs)

    publisher.publish, publisher.clear_output = publish, clear_output
    hook = shell.displayhook
    real_write: Callable[..., Any] = hook.write_format_data

    @functools.wraps(real_write)
    def write_format_data(format_dict: Any, md_dict: Any = None) -> Any:
        kept = cap.bundle(format_dict) if isinstance(format_dict, Mapping) else format_dict
        return real_write(kept, md_dict)

    hook.write_format_data = write_format_data


def _cap_errors(shell: Any) -> None:
    real = shell._showtraceback

    @functools.wraps(real)
    def show(etype: Any, evalue: Any, stb: Any) -> Any:
        try:
            stb = [str(line)[:MAX_ERROR] for line in stb][:200]
            if evalue is not None and len(str(evalue)) > MAX_ERROR:
                evalue = str(evalue)[:MAX_ERROR] + CUT
        except Exception as error:  # an exception that cannot be shown
            evalue = f"<{type(error).__name__}>"
        return real(etype, evalue, stb)

    shell._showtraceback = show
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        kernel.do_execute = _short_replies(kernel.do_execute)


def _short_replies(real: Callable[..., Any]) -> Callable[..., Any]:
    """The reply to a request repeats the error in full: a long one would cut the connection."""

    @functools.wraps(real)
    async def do_execute(*args: Any, **kwargs: Any) -> Any:
        reply = real(*args, **kwargs)
        if inspect.isawaitable(reply):
            reply = await reply
        if isinstance(reply, dict) and len(str(reply.get("evalue", ""))) > MAX_ERROR:
            reply["evalue"] = str(reply["evalue"])[:MAX_ERROR] + CUT
        if isinstance(reply, dict) and isinstance(reply.get("traceback"), list):
            reply["traceback"] = [str(line)[:MAX_ERROR] for line in reply["traceback"]][:200]
        return reply

    return do_execute

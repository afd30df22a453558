"""What does the file say, and on which line? YAML as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from graders.language import _
from graders.rubric.problems import Fault, Place, Problem, RubricError


@dataclass(frozen=True)
class Source:
    """A YAML file as dicts, lists and scalars, with the line (from 1) of each place in it."""

    path: Path
    data: Any
    digest: str
    lines: Mapping[Place, int]
    duplicates: tuple[Problem, ...]

    def locate(self, place: Place) -> Place:
        """The part of `place` that the file has: steps it lacks are left out."""
        here: Place = ()
        for step in place:
            if (*here, step) in self.lines:
                here = (*here, step)
        return here

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it."""
        return self.lines[self.locate(place)]

    def problems(self, faults: Iterable[Fault]) -> list[Problem]:
        """The faults with their lines, and keys written twice; each once, in the file's order."""
        found = {
            *self.duplicates,
            *(Problem(self.path, self.line(fault.place), fault.message) for fault in faults),
        }
        return sorted(found, key=lambda problem: (problem.line or 0, problem.message))


def read_source(path: Path) -> Source:
    """Reads a YAML file. Raises RubricError when it is missing, empty or not YAML."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unreadable(path, _("There is no such file.")) from None
    except OSError as error:
        raise _unreadable(
            path, _("The file cannot be read: {reason}.").format(reason=error.strerror)
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, _("The file is not UTF-8 text."), line) from error
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(
            path,
            _("This is not YAML: {reason}.").format(reason=error.problem or error.context),
            mark.line + 1 if mark else None,
        ) from error
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        raise _unreadable(path, _("This is not YAML: {reason}.").format(reason=reason)) from error
    if tree is None:
        raise _unreadable(path, _("The file is empty."))
    lines: dict[Place, int] = {}
    data = _plain(tree, (), 1, lines)
    duplicates = tuple(
        Problem(path, line, _("'{key}' is written twice here.").format(key=key))
        for line, key in yaml.constructor.duplicates
    )
    return Source(path, data, hashlib.sha256(content).hexdigest(), lines, duplicates)


class _Constructor(RoundTripConstructor):
    """Notes keys written twice, instead of stopping at the first, and leaves dates as text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.duplicates: list[tuple[int, str]] = []

    def check_mapping_key(
        self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any
    ) -> bool:
        if key not in mapping:
            return True
        self.duplicates.append((key_node.start_mark.line + 1, str(key)))
        return False


# ruamel would turn it into UTC and forget the offset that the teacher wrote.
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def _plain(node: Any, place: Place, line: int, lines: dict[Place, int]) -> Any:
    """The node without ruamel's types; fills `lines` on the way."""
    lines[place] = line
    if isinstance(node, CommentedMap):
        own = node.lc.data or {}  # a key that came by a merge (<<) has no line of its own
        return {
            key: _plain(value, (*place, key), own[key][0] + 1 if key in own else line, lines)
            for key, value in node.items()
        }
    if isinstance(node, CommentedSeq):
        return [
            _plain(value, (*place, index), node.lc.item(index)[0] + 1, lines)
            for index, value in enumerate(node)
        ]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _unreadable(path: Path, message: str, line: int | None = None) -> RubricError:
    return RubricError([Problem(path, line, message)])

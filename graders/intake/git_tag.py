"""What did the tag hold? Its files, read object by object from the repository that came in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from graders.intake.git_plumbing import GitUnreadable, Objects, ask, objects, self_contained
from graders.intake.ignored import FOLDERS
from graders.intake.packed_names import PackedNames
from graders.intake.packed_streams import Allowance
from graders.language import _, ngettext
from graders.printable import one_line

MAX_TAGS = 1000  # looked at
MAX_CHAIN = 5  # tags of tags
MAX_ENTRIES = 50_000  # of all folders together, each time it is met
MAX_DEPTH = 24
MAX_TREE = 16 * 2**20  # bytes of what lists a folder, and of a commit's or a tag's text
MAX_BLOB = 200 * 2**20
_WHEN = re.compile(rb"^(?:tagger|committer) .*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class TagProblem(Exception):  # noqa: N818 - the delivery's fault, not an error of ours
    """Why the tag's content cannot be had: a sentence for the student."""


@dataclass(frozen=True)
class TagContent:
    """The tag as it is called there, when it was made, and what was left out of its files."""

    name: str
    moment: datetime | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tree:
    """The folder that a tag means in the end. `moments` are the tag's and the commit's dates."""

    name: str
    moments: tuple[datetime, ...]


def read_tag(folder: Path, tag: str, target: Path, allowance: Allowance) -> TagContent:
    """Write the tag's plain files into `target`, an empty folder of ours.

    A tag spelled `p2` or `P-2` counts when there is no `P2`, and this is noted. Its moment is the
    later one of the tag's own date and its commit's. Links and submodules are left out. Raises
    TagProblem when there is no such tag or it cannot be read, ArchiveProblem when it holds more
    than is allowed.
    """
    try:
        if not self_contained(folder):
            raise TagProblem(
                _("The git repository is not whole: parts of it are links or lie elsewhere.")
            )
        name, oid = _found(folder, tag)
        allowance.opened(folder)
        with objects(folder) as reader:
            tree = _peeled(reader, oid)
            left_out, large = _write(reader, tree.name, target, allowance)
    except (GitUnreadable, OSError) as error:
        raise TagProblem(
            _("The content of the git tag {tag} cannot be read.").format(tag=tag)
        ) from (error)
    notes = [*_notes(tag, name, left_out, large)]
    return TagContent(name, max(tree.moments, default=None), tuple(notes))


def _found(folder: Path, tag: str) -> tuple[str, str]:
    """Name and object of the tag that is meant. Raises TagProblem, GitUnreadable."""
    said = ask(
        folder,
        "for-each-ref",
        f"--count={MAX_TAGS}",
        "--sort=-creatordate",
        "--format=%(objectname) %(refname)",
        "refs/tags/",
    )
    tags: dict[str, str] = {}
    for line in said.decode("utf-8", "replace").splitlines():
        oid, _space, ref = line.partition(" ")
        if _NAME.fullmatch(oid):
            tags[ref.removeprefix("refs/tags/")] = oid
    if tag in tags:
        return tag, tags[tag]
    for name, oid in tags.items():  # the latest first
        if _plain(name) == _plain(tag):
            return name, oid
    raise TagProblem(_("There is no git tag {tag} in the repository.").format(tag=tag))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _peeled(reader: Objects, oid: str) -> _Tree:
    """Through tags and commit to the folder. Raises GitUnreadable."""
    moments: list[datetime] = []
    for _step in range(MAX_CHAIN + 2):
        kind, size = reader.open(oid)
        if size > MAX_TREE:
            raise GitUnreadable(f"a {kind} of {size} bytes")
        pieces: list[bytes] = []
        reader.content(size, pieces.append)
        head = b"".join(pieces).partition(b"\n\n")[0]
        if kind == "tree":
            return _Tree(oid, tuple(moments))
        key = b"object " if kind == "tag" else b"tree "
        first = head.partition(b"\n")[0]
        if kind == "blob" or not first.startswith(key):
            raise GitUnreadable(f"a tag of a {kind}")
        oid = first.removeprefix(key).decode("ascii", "replace")
        if not _NAME.fullmatch(oid):
            raise GitUnreadable("an object without a name")
        moments += _moments(head)
    raise GitUnreadable("tags of tags")


def _moments(head: bytes) -> Iterator[datetime]:
    for found in _WHEN.finditer(head):
        try:
            yield datetime.fromtimestamp(int(found[1]), UTC)
        except (ValueError, OverflowError, OSError):
            continue


def _write(reader: Objects, tree: str, target: Path, allowance: Allowance) -> tuple[int, int]:
    """Write the files of a tree and those below it; how many were left out, and were too large."""
    names = PackedNames()
    todo: list[tuple[str, tuple[str, ...]]] = [(tree, ())]
    entries = large = other = 0
    while todo:
        oid, place = todo.pop()
        for mode, name, entry in _entries(reader.whole(oid, "tree", MAX_TREE), len(oid) // 2):
            entries += 1
            if entries > MAX_ENTRIES:
                raise TagProblem(_("The git tag holds too many files."))
            if name in FOLDERS or name.startswith("."):
                continue
            below = (*place, name)
            if "/" in name or not name or len(below) > MAX_DEPTH:
                other += 1
            elif mode == b"40000":
                todo.append((entry, below))
            elif mode.startswith(b"100"):
                large += not _write_file(reader, entry, "/".join(below), target, names, allowance)
            else:  # a link, a submodule
                other += 1
    return names.left_out + other, large


def _entries(content: bytes, width: int) -> Iterator[tuple[bytes, str, str]]:
    """Mode, name and object of each entry of a tree. Raises GitUnreadable when it is malformed."""
    position = 0
    while position < len(content):
        space = content.find(b" ", position, position + 8)
        end = content.find(b"\0", space)
        if space < 0 or end < 0 or end + 1 + width > len(content):
            raise GitUnreadable("a malformed tree")
        name = content[space + 1 : end].decode("utf-8", "surrogateescape")
        entry = content[end + 1 : end + 1 + width].hex()
        yield content[position:space], name, entry
        position = end + 1 + width


def _write_file(
    reader: Objects, oid: str, name: str, target: Path, names: PackedNames, allowance: Allowance
) -> bool:
    """Write one file where its name may be; False when it is too large."""
    place = names.place(name)
    if place is None:
        return True
    kind, size = reader.open(oid)
    if kind != "blob":
        raise GitUnreadable(f"a file that is a {kind}")
    if size > MAX_BLOB:
        reader.content(size, lambda _piece: None)
        return False
    allowance.one_file()
    allowance.written(size)
    file = target / place
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        reader.content(size, out.write)
    return True


def _notes(tag: str, name: str, left_out: int, large: int) -> Iterator[str]:
    if name != tag:
        yield _("The git tag is called {name}, not {tag}: it was taken as meant.").format(
            name=one_line(name)[:80], tag=tag
        )
    if left_out:
        yield ngettext(
            "{n} entry of the git tag was left out: a link, a submodule or a name that leads "
            "elsewhere.",
            "{n} entries of the git tag were left out: links, submodules or names that lead "
            "elsewhere.",
            left_out,
        ).format(n=left_out)
    if large:
        yield ngettext(
            "{n} file of the git tag was left out: it is too large.",
            "{n} files of the git tag were left out: they are too large.",
            large,
        ).format(n=large)

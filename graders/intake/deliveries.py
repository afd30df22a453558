"""Which deliveries are at a path? Folders, lone notebooks, archives, and classes of them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from graders.intake.archive import is_archive, stem, unpack
from graders.intake.git_checkout import last_commit
from graders.intake.git_plumbing import is_checkout
from graders.intake.git_tag import TagProblem, read_tag
from graders.intake.ignored import ignored_folder, notebooks_in, plain_file, walk
from graders.intake.layout import look
from graders.intake.one_work import one_work
from graders.intake.ordering import natural_key
from graders.intake.packed_names import PackedNames
from graders.intake.packed_streams import Allowance, ArchiveProblem
from graders.intake.told import Told, time_file
from graders.intake.words import is_part
from graders.language import _
from graders.printable import one_line, writable
from graders.rubric.model import Template

MAX_DEPTH = 2  # of archives in archives
MAX_COPIED = 200 * 2**20  # bytes of one file that is copied to get a harmless name


@dataclass(frozen=True)
class Delivery:
    """One delivery before it is read. `file` is set for a lone notebook.

    `shared` when the folder of a lone notebook holds other people's work too. `given` is the folder
    that came in, when `root` holds the content of its git tag. `place` is the entry of the class
    that it came as, `told` when it was handed in as far as git or that entry says it, `packed`
    whether its files keep the times that an archive said.
    """

    name: str
    root: Path
    file: Path | None = None
    told: Told | None = None
    problems: tuple[str, ...] = ()
    shared: bool = False
    given: Path | None = None
    place: Path | None = None
    packed: bool = False


@dataclass(frozen=True)
class _Way:
    """How what was handed in is opened: git repositories for a tag or not, times of archives, and
    the notebooks that were handed out."""

    git: bool
    zone: tzinfo | None
    templates: Sequence[Template] = ()

    def children(self, folder: Path) -> tuple[Path, ...]:
        """The deliveries in a folder of a class; none when it is one delivery."""
        found = look(folder).children
        return () if one_work(found, self.templates) else found


def deliveries(
    path: Path,
    tag: str | None = None,
    zone: tzinfo | None = None,
    templates: Sequence[Template] = (),
) -> Iterator[Delivery]:
    """What is at a path: one delivery, or each one of a class.

    Of a git repository the content of the `tag` is delivered, where the assignment names one.
    `zone` is the clock of times that say none. Folders that share copies of the `templates` out
    between them are one delivery, whatever they are called.
    """
    for delivery in _at(path, _Way(tag is not None, zone, templates)):
        if tag is not None and delivery.file is None and is_checkout(delivery.root):
            delivery = _of_tag(delivery, tag)
        yield _with_harmless_names(delivery)


def _of_tag(delivery: Delivery, tag: str) -> Delivery:
    """The delivery with the tag's content; as it lies there, and this is said, without a tag."""
    target = _new_folder()
    try:
        content = read_tag(delivery.root, tag, target, Allowance())
    except TagProblem as problem:
        said = _("The files were taken as they lie there: a person has to see whether they count.")
        return replace(delivery, problems=(*delivery.problems, f"{problem} {said}"))
    except ArchiveProblem as problem:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        return replace(
            delivery,
            root=target,
            given=delivery.root,
            problems=(*delivery.problems, str(problem)),
        )
    return replace(
        delivery,
        root=target,
        given=delivery.root,
        told=Told(content.moment, "tag") if content.moment else None,
        problems=(*delivery.problems, *content.notes),
    )


def _at(path: Path, way: _Way) -> Iterator[Delivery]:
    if not path.is_dir():
        if path.is_file() and is_archive(path):
            found = _unpacked(path, stem(path), Allowance(), way)
            yield from (replace(one, place=one.place or path) for one in found)
        else:
            yield Delivery(path.stem, path.parent, file=path, place=path)
        return
    children = () if way.git and is_checkout(path) else way.children(path)
    if not children:
        found = _one_folder(path, path.name, Allowance(), way)
        yield from (replace(one, place=path) for one in found)
    for child in sorted(children, key=lambda path: natural_key(path.name)):
        yield from _child(child, Allowance(), way)


def _child(path: Path, allowance: Allowance, way: _Way, depth: int = 1) -> Iterator[Delivery]:
    """One of a class: always one delivery, whatever it holds. Nobody hands in for others."""
    if path.is_dir():
        found = _one_folder(path, path.name, allowance, way, depth)
    elif is_archive(path):
        found = _unpacked(path, stem(path), allowance, way, depth=depth, alone=True)
    else:
        found = iter([Delivery(path.stem, path.parent, file=path, shared=True, packed=depth > 1)])
    yield from (replace(one, place=path) for one in found)


def _one_folder(
    path: Path, name: str, allowance: Allowance, way: _Way, depth: int = 1
) -> Iterator[Delivery]:
    """A folder known to be one submission; its archive is opened when it has no notebook."""
    if not (way.git and is_checkout(path)) and (packed := _only_archive(path, depth)):
        found = _unpacked(packed, name, allowance, way, depth=depth, alone=True)
    else:
        found = iter([Delivery(name, path, packed=depth > 1)])
    commit = last_commit(path)
    told = Told(commit, "commit") if commit else time_file(path)
    yield from (replace(one, told=told) for one in found)


def _only_archive(folder: Path, depth: int) -> Path | None:
    """The archive in which the work must be, when there is no notebook and just one of them."""
    if depth > MAX_DEPTH or notebooks_in(folder):
        return None
    packed = [folder / file for file in walk(folder) if is_archive(file)]
    return packed[0] if len(packed) == 1 else None


def _unpacked(
    path: Path,
    name: str,
    allowance: Allowance,
    way: _Way,
    *,
    depth: int = 1,
    alone: bool = False,
) -> Iterator[Delivery]:
    """What an archive holds: one submission (always when `alone`) or a class."""
    target = _new_folder()
    try:
        unpacked = unpack(path, target, allowance, way.git, way.zone)
    except ArchiveProblem as problem:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        yield Delivery(name, target, problems=(str(problem),))
        return
    root = _without_wrapping(target, way.git)
    whole = way.git and is_checkout(root)
    children = () if alone or whole else way.children(root)
    if children and not (len(children) == 1 and children[0].is_dir()):
        for child in children:
            yield from _child(child, allowance, way, depth + 1)
        return
    if not whole and (packed := _only_archive(root, depth + 1)):
        yield from _unpacked(packed, name, allowance, way, depth=depth + 1, alone=True)
        return
    yield Delivery(name, root, packed=True, problems=unpacked.notes)


def _new_folder() -> Path:
    """A folder that lasts as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="corrige-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _without_wrapping(root: Path, git: bool) -> Path:
    """Down through folders that hold nothing but one folder (not an exercise's, nor a checkout)."""
    while True:
        if git and is_checkout(root):
            return root
        entries = [e for e in root.iterdir() if not (e.is_dir() and ignored_folder(e))]
        if len(entries) != 1 or not entries[0].is_dir() or is_part(entries[0].name):
            return root
        root = entries[0]


def _with_harmless_names(delivery: Delivery) -> Delivery:
    """The delivery, copied when its names could not be written to a file or shown to a person."""
    name = one_line(delivery.name)
    files = [Path(delivery.file.name)] if delivery.file else list(walk(delivery.root))
    odd = any(one_line(str(file)) != str(file) for file in files)
    if not odd and writable(str(delivery.root)) == str(delivery.root):
        return replace(delivery, name=name)
    target, names = _new_folder(), PackedNames()
    moved: Path | None = None
    for file in files:
        place = names.place(file.as_posix())
        source = delivery.root / file
        if place is None or not plain_file(source) or source.stat().st_size > MAX_COPIED:
            continue
        moved = Path(place)
        (target / moved).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / moved)
        written = source.stat().st_mtime
        os.utime(target / moved, (written, written))
    said = _("Names of files with signs that cannot be shown were changed.")
    return replace(
        delivery,
        name=name,
        root=target,
        file=moved if delivery.file else None,
        problems=(*delivery.problems, said),
        shared=False,
    )

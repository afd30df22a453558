"""Does this file name mean one of the teacher's data files?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from .idx_sets import OTHER_SETS, IdxCopy, known_idx
from .image_sets import ImageCopy
from .image_words import known_set

_COPY = re.compile(r"\s*(\(\d+\)|- ?copia|- ?copy|_copia|_copy)+$")
_COPY_OF = re.compile(r"^(copia de|copy of)\s+")
_PICKLE = (".pk1", ".pkl", ".pickle", ".pk", ".p")
# Where files are shared by a link that does not say their name.
_SHARES = (
    "drive.google.com",
    "docs.google.com",
    "drive.usercontent.google.com",
    "sharepoint.com",
    "onedrive.live.com",
    "1drv.ms",
    "dropbox.com",
)
_MAY_BE_WEIGHTS = (".npz", ".npy", ".h5", ".hdf5", ".keras", ".pt", ".pth", ".bin", *_PICKLE)


class DataCopy:
    """A file that the grader provides. `name` is its canonical base name."""

    def __init__(self, name: str, path: str | Callable[[], str]) -> None:
        self.name, self._path = name, path

    @property
    def path(self) -> str:
        """Where it is; a form that nobody asked for yet is made now."""
        return self._path if isinstance(self._path, str) else self._path()


def base_name(path: str) -> str:
    """The last part, whichever way the slashes lean; of a URL without its query."""
    return _parts(path)[-1]


def _parts(path: str) -> list[str]:
    if "://" in path:
        path = unquote(urlsplit(path).path)
    return re.split(r"[/\\]+", path.rstrip("/\\"))


def plain_name(path: str) -> str:
    """The base name without case, marks of a copy, and the ways to spell `.pkl`."""
    name = base_name(path).casefold().strip()
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    ending = dot + ending
    stem = _COPY_OF.sub("", _COPY.sub("", stem))
    return re.sub(r"[\s-]+", "_", stem) + (".pkl" if ending in _PICKLE else ending)


class DataNames:
    """Finds the provided copy by the name that a notebook uses.

    An entry has `name`, `path`, `spellings`, and for what is no table `kind` and `data` (the
    rubric's name for it). `forms` is a folder for other forms of image sets.
    """

    def __init__(self, data: Iterable[Mapping[str, Any]], forms: str = "") -> None:
        self.copies: list[DataCopy] = []
        self.images: dict[str, ImageCopy | IdxCopy] = {}  # by the name of the well-known set
        self.weights: list[DataCopy] = []
        self._by_name: dict[str, DataCopy] = {}
        self._inside: dict[tuple[str, str], DataCopy] = {}  # by folder and file
        self._ambiguous: set[str] = set()  # names that other sets' files have too
        for entry in data:
            copy = DataCopy(str(entry["name"]), str(entry["path"]))
            self.copies.append(copy)
            if entry.get("kind") == "weights":
                self.weights.append(copy)
            if entry.get("kind") == "images":
                self._add_images(entry, copy.path, forms)
            for spelling in (copy.name, *entry.get("spellings", ())):
                self._by_name.setdefault(plain_name(str(spelling)), copy)

    def _add_images(self, entry: Mapping[str, Any], path: str, forms: str) -> None:
        name = str(entry.get("data", ""))
        known, grey = known_set(name), known_idx(name)
        if known is not None:
            self._add_forms(ImageCopy(known, path, forms), entry.get("spellings", ()))
        elif grey is not None:
            images = IdxCopy(grey, path, forms)
            self.images[grey.name] = images
            for form, make in images.forms().items():
                self._by_name[plain_name(form)] = DataCopy(form, make)
                self._ambiguous.add(plain_name(form))

    def _add_forms(self, images: ImageCopy, spellings: Iterable[str]) -> None:
        known = images.known
        self.images[known.name] = images
        forms = {name: DataCopy(name, make) for name, make in images.forms().items()}
        for name, copy in forms.items():
            self._by_name[plain_name(name)] = copy
        for spelling in map(str, spellings):  # in the form that its ending says
            same = next((n for n in forms if os.path.splitext(n)[1] == _ending(spelling)), None)
            if same is not None:
                self._by_name[plain_name(spelling)] = forms[same]
        for member in known.members:
            copy = DataCopy(member, _of_member(images, member))
            self._inside[plain_name(known.folder), plain_name(member)] = copy
            if "batch" in member:  # a name that nothing else has
                self._by_name.setdefault(plain_name(member), copy)

    def match(self, path: str) -> DataCopy | None:
        """The data file that this path or URL means, or None."""
        if not self._by_name:
            return None
        plain = plain_name(path)
        if plain in self._ambiguous and OTHER_SETS.search(path):
            return None
        found = self._by_name.get(plain)
        if found is None and self._inside:
            folder, name = (["", *_parts(path)])[-2:]
            found = self._inside.get((plain_name(folder), plain_name(name)))
        return found

    def shared(self, url: str, target: str | None, by_id: bool = False) -> DataCopy | None:
        """What a link to a shared file means that says no name: the weights, when there is just
        one file of them. `target` is the name to save it under; `by_id` when the url may be an id.
        """
        if len(self.weights) != 1 or not (_is_share(url) or (by_id and "://" not in url)):
            return None
        ending = _ending(base_name(target)) if target else ""
        return self.weights[0] if not ending or ending in _MAY_BE_WEIGHTS else None


def _of_member(images: ImageCopy, member: str) -> Callable[[], str]:
    return lambda: images.member(member)


def _ending(name: str) -> str:
    return os.path.splitext(name.casefold())[1]


def _is_share(url: str) -> bool:
    host = (urlsplit(url).hostname or "").casefold()
    return any(host == share or host.endswith("." + share) for share in _SHARES)

"""Where does a path of another machine lie on this one?

Data files are found by base name. Paths that only exist on the student's machine or on Colab
(`/content/drive/MyDrive/...`, `C:\\Users\\...`) have a stand-in under `elsewhere` in the student's
folder: what is written there is found again.
"""

from __future__ import annotations

import os
import re

from ..notices import note
from .data_names import DataNames, base_name
from .really import really_a_folder, really_exists

_CLOUD = ("/content", "/kaggle", "/gdrive", "/drive")
_HOMES = ("/home", "/Users", "/mnt", "/media", "/root", "/workspace", "/workspaces")
_DRIVE_LETTER = re.compile(r"^[A-Za-z]:[/\\]")
_DATA_FOLDER = re.compile(r"^(data|datos|dataset|datasets|higgs|input|inputs|drive)\b", re.I)

_makedirs = os.makedirs  # kept from before anything is replaced


class Places:
    """Answers for paths that do not exist. `work` is the student's folder."""

    def __init__(self, work: str, data_dir: str, names: DataNames) -> None:
        self.work = os.path.abspath(work)
        self.data_dir = data_dir
        self.names = names
        self.elsewhere = os.path.join(self.work, "elsewhere")
        self.mounts: list[str] = []  # where Drive was mounted
        self._made: set[str] = set()  # folders that the notebook made elsewhere

    def foreign(self, path: str) -> bool:
        """Is this a path of another machine?"""
        if _DRIVE_LETTER.match(path):
            return True
        if not path.startswith("/"):
            return False
        path = os.path.normpath(path)
        if _under(path, _CLOUD):
            return True
        top = "/" + path.split("/")[1]
        if not really_exists(top):
            return True
        return _under(path, _HOMES) and not really_exists("/".join(path.split("/")[:3]))

    def stand_in(self, path: str) -> str:
        """The place under `elsewhere` for a foreign path."""
        parts = [p for p in re.split(r"[/\\:]+", os.path.normpath(path)) if p not in ("", "..")]
        return os.path.join(self.elsewhere, *parts)

    def reading(self, path: str) -> str | None:
        """Where to read what the notebook looks for at a path that does not exist."""
        copy = self.names.match(path)
        if copy is not None:
            note("data", f"{path} -> {copy.name}")
            return copy.path
        if "://" in path:
            return None
        if self.foreign(path):
            for candidate in self._candidates(path):
                if really_exists(candidate):
                    return candidate
        if "\\" in path:
            leaning = path.replace("\\", "/")
            if not self.foreign(leaning) and really_exists(leaning):
                return leaning
        return None

    def _candidates(self, path: str) -> list[str]:
        found = [self.stand_in(path)]
        normal = os.path.normpath(path)
        if _under(normal, ("/content",)):
            found.append(os.path.join(self.work, os.path.relpath(normal, "/content")))
        if "." in base_name(path):  # a file that was handed in, wherever it was then
            found += [base_name(path), os.path.join(self.work, base_name(path))]
        return found

    def folder(self, path: str) -> str | None:
        """The folder that stands for a foreign one, where it must seem to exist."""
        normal = os.path.normpath(path)
        stand_in = self.stand_in(path)
        if self.foreign(path) and really_a_folder(stand_in):
            return stand_in
        if normal == "/content" or ("." not in base_name(path) and self._mounted(normal)):
            return self.work
        return None

    def _mounted(self, path: str) -> bool:
        return any(_under(path, (mount,)) or _under(mount, (path,)) for mount in self.mounts)

    def writing(self, path: str) -> str | None:
        """Where to write instead, its folder made; None when the path is the notebook's matter."""
        if "://" in path or "\0" in path:
            return None
        if self.foreign(path):
            place = self.stand_in(path)
            note("path", f"{path} -> {os.path.relpath(place, self.work)}")
        elif os.path.isabs(path) and not _under(os.path.abspath(path), (self.work,)):
            return None
        else:
            place = path
            parent = os.path.dirname(path)
            if not parent or really_exists(parent):
                return None
            note("path", f"{parent}/")
        try:
            _makedirs(os.path.dirname(place) or ".", exist_ok=True)
        except OSError:
            return None
        return place

    def make_folder(self, path: str) -> str | None:
        """The stand-in to make in place of a foreign folder, its parent made."""
        if not self.foreign(path):
            return None
        place = self.stand_in(path)
        _makedirs(os.path.dirname(place), exist_ok=True)
        self._made.add(place)
        return place

    def listing(self, path: str) -> list[str] | None:
        """The folders whose content a missing folder shows: its stand-in and the data's."""
        provided = self.names.match(path)
        if provided is not None and really_a_folder(provided.path):
            return [provided.path]
        foreign = self.foreign(path)
        name = base_name(path)
        if not foreign and not (path.startswith("..") or _DATA_FOLDER.match(name)):
            return None
        found = []
        stand_in = self.stand_in(path)
        if foreign and really_a_folder(stand_in):
            found.append(stand_in)
        if stand_in not in self._made and self.data_dir:
            found.append(self.data_dir)
            note("data", f"{path}: {', '.join(copy.name for copy in self.names.copies)}")
        return found or None


def _under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)

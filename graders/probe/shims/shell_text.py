"""Reads a shell command: what in it installs, downloads, or asks for a GPU is left out.

Only simple commands are understood; everything else is left as it was written.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass, field

from ..notices import note
from .places import Places
from .really import really_exists
from .web import fetched

INSTALLERS = frozenset(
    {"pip", "pip3", "conda", "mamba", "micromamba", "uv", "apt", "apt-get", "brew", "poetry"}
)
DOWNLOADERS = frozenset({"wget", "curl", "gdown", "kaggle", "rclone", "aria2c", "huggingface-cli"})
UNPACKERS = frozenset({"unzip", "unrar", "7z", "7za", "tar", "gunzip"})
ON_FILES = frozenset({"cp", "mv", "mkdir", "ls", "cat", "head", "tail", "rm", "touch", "wc", "du"})
_BEFORE = frozenset({"sudo", "then", "do", "else", "time", "nohup", "exec", "command", "!"})
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_PIP = re.compile(r"^pip[\d.]*$")
_PYTHON = re.compile(r"^python[\d.]*$")


@dataclass
class Piece:
    """One simple command as written, and the operator or line end after it."""

    text: str
    operator: str = ""
    words: list[str] = field(default_factory=list)


def pieces(command: str) -> list[Piece]:
    """Split at `;`, `&&`, `||`, `|`, `&` and line ends that no quote or bracket holds."""
    found: list[Piece] = []
    start = position = 0
    quote = ""
    while position < len(command):
        letter = command[position]
        if letter == "\\":
            position += 2
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in ";|&\n" and not _redirects(command, position):
            end = position + (2 if command[position : position + 2] in ("&&", "||", ";;") else 1)
            found.append(Piece(command[start:position], command[position:end]))
            start = position = end
            continue
        position += 1
    found.append(Piece(command[start:]))
    for piece in found:
        try:
            piece.words = shlex.split(piece.text, comments=True)
        except ValueError:
            piece.words = []
    return found


def _redirects(command: str, position: int) -> bool:
    """Is this `&` part of `2>&1` or `&>`?"""
    if command[position] != "&":
        return False
    return command[position - 1 : position] in ("<", ">") or command[position + 1 :][:1] == ">"


def harmless(command: str, places: Places) -> str:
    """The command with `true` for what is not done here; notes what that was."""
    if "<<" in command:
        return command  # a text in place: its lines are no commands
    changed = False
    found = pieces(command)
    for piece in found:
        before = len(piece.words)
        words = _stripped(piece.words)
        new = _instead(words, places) if words else None
        if new is not None:
            prefix = [w for w in piece.words[: before - len(words)] if w in ("then", "do", "else")]
            piece.text = " ".join([*prefix, new])
            changed = True
    if not changed:
        return command
    return "".join(f"{piece.text.strip(' ')} {piece.operator} " for piece in found).strip()


def _stripped(words: list[str]) -> list[str]:
    """Without `sudo`, `then`, assignments and the folder of the program."""
    while words and (words[0] in _BEFORE or _ASSIGNMENT.match(words[0]) or words[0] == "-q"):
        words = words[1:]
    return words


def _instead(words: list[str], places: Places) -> str | None:
    """What to run in place of this simple command; None to leave it as written."""
    program = words[0].rsplit("/", 1)[-1]
    said = " ".join(words)
    if _PIP.match(program) or program in INSTALLERS or _module_pip(program, words):
        note("pip", said)
        return "true"
    if program in DOWNLOADERS:
        _download(program, words[1:], places)
        return "true"
    if program == "git" and words[1:2] and words[1] in ("clone", "pull", "fetch", "lfs", "push"):
        note("shell", said)
        return "true"
    if program in ("nvidia-smi", "rocm-smi") and shutil.which(program) is None:
        note("shell", said)
        return "true"
    if program in UNPACKERS:
        return _unpack(words, places, said)
    if program in ON_FILES:
        return _on_files(words, places, said)
    return None


def _module_pip(program: str, words: list[str]) -> bool:
    return bool(_PYTHON.match(program)) and words[1:3] == ["-m", "pip"]


def _download(program: str, arguments: list[str], places: Places) -> None:
    target = _option(arguments, ("-O", "--output", "--output-document", "-o", "-P", "--dir"))
    if program == "curl" and (target or "").startswith(("http:", "https:")):
        target = None  # its -O takes no name
    plain = [word for word in arguments if not word.startswith("-") and word != target]
    url = next((word for word in arguments if "://" in word), plain[-1] if plain else "")
    if target in ("-", "/dev/null"):
        target = None
    if target is not None and "-P" in arguments:
        target += "/"
    fetched(places, url, target, by_id=program == "gdown")


def _option(arguments: list[str], names: tuple[str, ...]) -> str | None:
    for index, word in enumerate(arguments):
        if word in names and index + 1 < len(arguments):
            return arguments[index + 1]
        for name in names:
            if name.startswith("--") and word.startswith(name + "="):
                return word[len(name) + 1 :]
    return None


def _unpack(words: list[str], places: Places, said: str) -> str | None:
    archives = [word for word in words[1:] if re.search(r"\.(zip|rar|7z|t?gz|tar|bz2|xz)$", word)]
    if archives and not any(_there(places, word) for word in archives):
        note("shell", said)
        return "true"
    if re.search(r"[<>$*?`]", said):
        return None
    new = [(_place(places, word) or word) if word in archives else word for word in words]
    return None if new == words else shlex.join(new)


def _there(places: Places, path: str) -> bool:
    return any(c in path for c in "*?$") or really_exists(path) or bool(places.reading(path))


def _on_files(words: list[str], places: Places, said: str) -> str | None:
    """With the paths of another machine put where they lie here."""

    def reading(path: str) -> str | None:
        return places.make_folder(path) if words[0] == "mkdir" else _place(places, path)

    new = [words[0]]
    for index, word in enumerate(words[1:], start=1):
        place = None if word.startswith("-") else reading(word)
        if place is None and index == len(words) - 1 and words[0] in ("cp", "mv", "touch"):
            place = places.writing(word)
        new.append(place or word)
    if new == words:
        return None
    note("shell", said)
    return shlex.join(new)


def _place(places: Places, path: str) -> str | None:
    if really_exists(path) and not places.foreign(path):
        return None
    return places.reading(path) or places.folder(path)

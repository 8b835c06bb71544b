"""A folder of text files that nothing can leave.

Paths are checked by their words first (the same on every system), then by where they lead to.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from planlab.errors import BadArguments, ToolFailed

MAX_BYTES = 100_000
MAX_FILES = 500
MAX_DEPTH = 6
MAX_NAME_BYTES = 200
_NAME = re.compile(r"\w(?:[\w .()&+,=-]{0,78}[\w)&+=-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def parse_path(path: str) -> str:
    """`path` in its one spelling, relative to the company's folder ('' is the folder itself).

    >>> parse_path("./inbox//a.txt")
    'inbox/a.txt'

    Raises `BadArguments` for anything that could lead elsewhere.
    """
    if path.startswith("/"):
        raise BadArguments(f"{path[:80]!r}: leave the first '/' out; paths begin in the folder.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for part in parts:
        device = _DEVICE.fullmatch(unicodedata.normalize("NFKC", part))
        if device or not _NAME.fullmatch(part) or len(part.encode()) > MAX_NAME_BYTES:
            raise BadArguments(
                f"{path[:80]!r}: {part[:80]!r} is not a file name here. Use a relative path of "
                "plain names, such as 'reports/summary.md', without '..'."
            )
    if len(parts) > MAX_DEPTH:
        raise BadArguments(f"{path[:80]!r}: at most {MAX_DEPTH} names deep.")
    return "/".join(parts)


def check_text(what: str, text: str, limit: int, *, lines: bool = True) -> None:
    """Raises `BadArguments` unless `text` is plain text of at most `limit` characters."""
    if len(text) > limit:
        raise BadArguments(f"{what} has {len(text)} characters; {limit} at most: shorten it.")
    allowed = "\n\t\r" if lines else ""
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in allowed]
    if odd:
        raise BadArguments(f"{what} holds the character {odd[0]!r}; send plain text without it.")


class Folder:
    """The company's files. Each method raises `BadArguments` or `ToolFailed` in a model's words."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def locate(self, path: str) -> Path:
        """Where `path` is on the disk."""
        place = self.root / parse_path(path)
        # A link that somebody put into the folder is the only way out that is left.
        if not place.resolve().is_relative_to(self.root):
            raise BadArguments(f"{path!r} leads out of the company's folder.")
        return place

    def read(self, path: str) -> str:
        """The text of a file, or the names in a folder, one a line."""
        place = self.locate(path)
        if place.is_dir():
            return self.listing(place) or "(no files)"
        if not place.is_file():
            near = next(p for p in place.parents if p.is_dir())
            raise BadArguments(f"There is no file {path!r}. What is there:\n{self.listing(near)}")
        if place.stat().st_size > MAX_BYTES:
            raise ToolFailed(f"{path!r} is larger than {MAX_BYTES} bytes.")
        try:
            return place.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise ToolFailed(f"{path!r} is not a text file.") from None

    def listing(self, place: Path) -> str:
        """The paths of what `place` holds, a slash behind each folder."""
        names = (p.relative_to(self.root).as_posix() + "/" * p.is_dir() for p in place.iterdir())
        return "\n".join(sorted(names))

    def write(self, path: str, content: str) -> bytes | None:
        """Put `content` into the file, whole or not at all; returns what stood there before."""
        check_text("content", content, MAX_BYTES)
        place = self.locate(path)
        if place == self.root or place.is_dir():
            raise BadArguments(f"{path!r} is a folder; name a file, such as 'reports/summary.md'.")
        before = place.read_bytes() if place.is_file() else None
        if before is None and sum(1 for p in self.root.rglob("*") if p.is_file()) >= MAX_FILES:
            raise ToolFailed(f"The folder is full: {MAX_FILES} files. Write into one that exists.")
        self.put(path, content.encode())
        return before

    def put(self, path: str, content: bytes | None) -> None:
        """Make the file hold exactly these bytes; `None` removes it."""
        place = self.locate(path)
        try:
            if content is None:
                place.unlink(missing_ok=True)
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.root.parent / "incoming.tmp"
            fresh.write_bytes(content)
            os.replace(fresh, place)
        except OSError as error:
            raise ToolFailed(f"{path!r} could not be written: {error.strerror}.") from None

    def dump(self) -> dict[str, bytes]:
        """Every file with its bytes, and every folder as its name with a slash, sorted."""
        found = sorted((p.relative_to(self.root).as_posix(), p) for p in self.root.rglob("*"))
        return {
            name + "/" * place.is_dir(): b"" if place.is_dir() else place.read_bytes()
            for name, place in found
        }

    def load(self, files: Mapping[str, bytes]) -> None:
        """Make the folder hold exactly `files`, as `dump` gave them."""
        now = self.dump()
        for name in reversed(now):
            place = self.root / name
            if name not in files and name.endswith("/"):
                shutil.rmtree(place)
            elif name not in files:
                place.unlink(missing_ok=True)
        for name, content in files.items():
            place = self.root / name
            if name.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
            elif now.get(name) != content:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)

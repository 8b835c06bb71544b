"""Text and names that people chose, files that appear whole or not at all, and digests."""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from planlab.errors import NotSaved

# Marks that turn the direction of text: with them one name can look like another. What joins or
# parts letters stays: some scripts need it.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSAFE = re.compile(r"[^\w .()+=@,-]")
# Windows keeps these names, with any ending, for devices.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LONGEST = 80


def clean_name(text: str) -> str:
    """A learner's name, in any script, on one line, the same for the same letters.

    >>> clean_name("Ze\u0301\u202e \\n "), clean_name(" ")
    ('Zé', 'unnamed')
    """
    text = _TURNING.sub("", unicodedata.normalize("NFC", text))
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(text.split()) or "unnamed"


def plain(text: str, longest: int) -> str:
    """Text of any origin without control characters, `longest` characters at most.

    >>> plain("a\\x1b[31mb", 80), plain("abcdef", 3)
    ('a\ufffd[31mb', 'abc…')
    """
    cut = text[:longest] + ("…" if len(text) > longest else "")
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in cut
    )


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name without ending for each name: safe on every system and unlike all others.

    >>> file_names(["anna", "a/b"])
    {'anna': 'anna', 'a/b': 'a_b-c14cddc0'}
    """
    plain = {name: _UNSAFE.sub("_", name).strip(" .")[:_LONGEST] for name in names}
    # Some systems take "Anna" and "anna" for one file.
    uses = Counter(text.casefold() for text in plain.values())
    return {
        name: text
        if text == name and uses[text.casefold()] == 1 and not _DEVICE.match(text)
        else f"{text}-{digest(name.encode())[:8]}"
        for name, text in plain.items()
    }


def digest(data: bytes) -> str:
    """The SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_folder(folder: Path) -> str:
    """The SHA-256 of all files of a folder and their names; what Python and Jupyter leave aside."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}
    }
    lines = [f"{digest(files[name].read_bytes())}  {name}\n" for name in sorted(files)]
    return digest("".join(lines).encode())


def write_file(path: Path, text: str) -> None:
    """Write `text` so that the file is always whole: the old one or the new one.

    Raises `NotSaved`; half a character (a lone surrogate) is written as "?".
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:20]}-", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            # A temporary file is its owner's alone; what replaces a file has that one's rights.
            Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise NotSaved(
            f"{path} could not be written: {error.strerror or error}. If it is open in another "
            "program, close it there, and run the same command again: nothing is lost."
        ) from error

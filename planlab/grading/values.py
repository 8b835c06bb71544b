"""Values as JSON, both ways between the judge and a submission.

What cannot be written down stays where it is, and the other side gets a token for it: a function,
a model or a toolbox that the judge serves, an object of the submission that the judge may ask
things of. Types arrive exactly: an `int` is an `int` on the other side, whatever its class could
pretend, so that comparisons are the judge's own.
"""

import base64
import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from numbers import Integral
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from planlab import errors, records
from planlab.toolbox import Toolbox

MAX_DEPTH = 60
MAX_BYTES = 4 * 2**20  # of one frame
MAX_KEYS = 1000  # of one set or dict, where they are not all texts: only hashes of texts are secret

Hold = Callable[[object], object]
"""Makes the token for an object that is not a value, or raises `NotAValue`."""


class NotAValue(Exception):
    """Something that cannot be sent, or was sent and has no meaning; says what."""


@dataclass(frozen=True)
class Struct:
    """An object of a class that only the other side knows: its name and its fields."""

    name: str
    fields: Mapping[str, object]

    def __getattr__(self, name: str) -> object:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(f"A {self.name} has no {name!r}.") from None


@dataclass(frozen=True)
class Token:
    """Stands for something that stayed on the other side: what kind, which, and what is known."""

    kind: str
    id: int
    about: object = None


# The classes that both sides know: they arrive as themselves.
_SHARED: dict[str, type] = {
    cls.__name__: cls
    for module in (records, errors)
    for cls in vars(module).values()
    if isinstance(cls, type)
    and cls.__module__ == module.__name__
    and (issubclass(cls, records.Record | errors.PlanlabError) or dataclasses.is_dataclass(cls))
}
_PLAIN = (str, int, bool, type(None))  # not their subclasses, which could pretend
_TAGGED: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "set"}


def encode(value: object, hold: Hold, depth: int = 0) -> object:
    """`value` as JSON knows it; `hold` makes tokens of what is no value. Raises `NotAValue`."""
    if depth > MAX_DEPTH:
        raise NotAValue(f"it is nested more than {MAX_DEPTH} deep")
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return encode(value.value, hold, depth + 1)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Integral):  # numpy's too
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, bytes | bytearray):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Token):
        return {"token": [value.kind, value.id, encode(value.about, hold, depth + 1)]}

    def inner(part: object) -> object:
        return encode(part, hold, depth + 1)

    if isinstance(value, list):
        return [inner(part) for part in value]
    for base, tag in _TAGGED.items():
        if isinstance(value, base):
            parts = [inner(part) for part in cast(tuple[object, ...], value)]
            return {tag: sorted(parts, key=repr) if tag == "set" else parts}
    if isinstance(value, Mapping):
        return {"dict": [[inner(key), inner(part)] for key, part in value.items()]}
    # A Toolbox is asked to act, and its guards stay with it.
    fields = None if isinstance(value, Toolbox) else _fields(value)
    if fields is not None:
        return {"object": [type(value).__name__, inner(fields)]}
    return inner(hold(value))


def _fields(value: object) -> dict[str, object] | None:
    """The fields of a record, an error of planlab, a dataclass or a Pydantic model."""
    if isinstance(value, type):
        return None
    if isinstance(value, errors.PlanlabError):
        return {"message": value.message, **vars(value)}
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def decode(sent: object, depth: int = 0) -> object:
    """What `encode` wrote; tokens stay `Token`. Raises `NotAValue`."""
    if depth > MAX_DEPTH:
        raise NotAValue(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(sent, list):
        return [decode(part, depth + 1) for part in sent]
    if not isinstance(sent, dict):
        return sent
    try:
        ((tag, inside),) = sent.items()
        return _decode_tagged(tag, inside, depth + 1)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotAValue(f"what was sent has no meaning ({type(error).__name__})") from None


def _decode_tagged(tag: str, inside: Any, depth: int) -> object:
    match tag:
        case "float":
            return float(inside)
        case "bytes":
            return base64.b64decode(inside, validate=True)
        case "tuple":
            return tuple(decode(part, depth) for part in inside)
        case "set":
            _check_keys(inside)
            return {decode(part, depth) for part in inside}
        case "dict":
            _check_keys([key for key, _ in inside])
            return {decode(key, depth): decode(part, depth) for key, part in inside}
        case "object":
            name, fields = inside
            return _rebuild(str(name), cast(dict[str, object], decode(fields, depth)))
        case "token":
            kind, id, about = inside
            return Token(str(kind), int(id), decode(about, depth))
    raise KeyError(tag)


def _check_keys(sent: list[object]) -> None:
    """Raises `NotAValue` for keys that could be chosen to collide: a dict of them takes hours."""
    if len(sent) > MAX_KEYS and not all(isinstance(key, str) for key in sent):
        raise NotAValue(f"it has more than {MAX_KEYS} keys that are not texts")


def _rebuild(name: str, fields: dict[str, object]) -> object:
    """The shared class where it takes these fields, else a `Struct`."""
    known = _SHARED.get(name)
    if known is None:
        return Struct(name, fields)
    try:
        if issubclass(known, BaseModel):
            return known.model_validate(fields)
        return known(**fields)
    except (ValidationError, TypeError):
        return Struct(name, fields)


def write_frame(frame: Mapping[str, object]) -> bytes:
    """The frame as bytes: its length, then JSON. Raises `NotAValue` where it is too large."""
    try:
        body = json.dumps(frame, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError) as error:
        raise NotAValue(f"it cannot be written as JSON ({type(error).__name__})") from None
    if len(body) > MAX_BYTES:
        raise NotAValue(f"it is larger than {MAX_BYTES // 2**20} MB")
    return len(body).to_bytes(4, "big") + body


class FrameReader:
    """Cuts a stream of bytes into frames; `most` is how many bytes it takes until it is renewed."""

    def __init__(self, most: int | None = None) -> None:
        self._buffer = bytearray()
        self._most, self._taken = most, 0

    def renew(self) -> None:
        """Begin to count anew."""
        self._taken = 0

    def feed(self, data: bytes) -> list[dict[str, object]]:
        """The frames that are whole now. Raises `NotAValue` for bytes that are no frames."""
        self._buffer += data
        self._taken += len(data)
        if self._most is not None and self._taken > self._most:
            raise NotAValue(f"more than {self._most} bytes")
        frames = []
        while len(self._buffer) >= 4:
            size = int.from_bytes(self._buffer[:4], "big")
            if size > MAX_BYTES:
                raise NotAValue(f"a frame of {size} bytes")
            if len(self._buffer) < 4 + size:
                break
            body = bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            frames.append(_read_frame(body))
        return frames


def _read_frame(body: bytes) -> dict[str, object]:
    try:
        frame = json.loads(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise NotAValue("bytes that are no JSON") from None
    if not isinstance(frame, dict):
        raise NotAValue("JSON that is no frame")
    return frame

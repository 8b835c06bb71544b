"""Values as JSON text, and back exactly as they were.

JSON knows no tuple, no observation and no error. Each is written as an object that says under "$"
what it is; a dict that has such a key of its own is written as its pairs. What would come back as
something else (a set, a number as a key, not-a-number) is not written at all.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from planlab import errors
from planlab.errors import BadInput, PlanlabError
from planlab.records import Observation
from planlab.schedule import Failed, Waiting
from planlab.tools import Call, Risk

_KIND = "$"
_KEPT = ("abandoned", "ids", "request")  # what errors hold beside their message


def encode(value: object) -> str:
    """The value as JSON text; raises `BadInput` that says which part JSON cannot hold."""
    try:
        return _WRITER(_plain(value))
    except RecursionError:
        raise BadInput("it contains itself, or is nested too deeply for JSON.") from None
    except (TypeError, ValueError) as error:
        raise BadInput(f"JSON cannot hold it: {error}.") from None


def decode(text: str) -> object:
    """What `encode` wrote; raises `ValueError` for any other text."""
    value: object = _READER(text)
    return value


def _plain(value: object) -> object:
    """The value in terms of JSON; raises `TypeError` for what has none."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return _plain_dict(value)
    for kind, write in _WRITE.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"{value!r:.80} is a {type(value).__name__}")


def _plain_dict(value: Mapping[object, object]) -> object:
    wrong = [key for key in value if not isinstance(key, str)]
    if wrong:
        raise TypeError(f"the key {wrong[0]!r:.80} is no text")
    if _KIND in value:
        return {_KIND: "dict", "of": [[key, _plain(part)] for key, part in value.items()]}
    return {key: _plain(part) for key, part in value.items()}


def _plain_observation(seen: Observation) -> object:
    plain = {_KIND: "observation", "value": _plain(seen.value), "key": seen.key}
    if seen.error is not None:
        plain["error"] = _plain(seen.error)
    if seen.taint:
        plain["taint"] = sorted(seen.taint)
    return plain


def _plain_call(call: Call) -> object:
    taint = {name: sorted(sources) for name, sources in call.taint.items()}
    return {
        _KIND: "call",
        "tool": call.tool,
        "arguments": _plain(call.plain),
        "key": call.key,
        "risk": int(call.risk),
        "step": call.step,
        "taint": _plain(taint),
        "repeatable": call.repeatable,
    }


def _plain_error(error: Exception) -> object:
    """By the nearest class of planlab; of another's error the name stands in the message."""
    kinds = [kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__]
    told = error.message if isinstance(error, PlanlabError) else f"{type(error).__name__}: {error}"
    kept = {name: _plain(getattr(error, name)) for name in _KEPT if hasattr(error, name)}
    name = kinds[0].__name__ if kinds else PlanlabError.__name__
    return {_KIND: "error", "type": name, "message": told, "kept": kept}


_WRITE: Mapping[type, Callable[[Any], object]] = {
    Observation: _plain_observation,
    tuple: lambda value: {_KIND: "tuple", "of": [_plain(part) for part in value]},
    Failed: lambda end: {_KIND: "failed", "at": end.at, "error": _plain(end.error)},
    Waiting: lambda end: {_KIND: "waiting", "at": end.at, "request": _plain(end.request)},
    Call: _plain_call,
    Exception: _plain_error,
}


def _revive(found: dict[str, Any]) -> object:
    """What an object of the text stands for; the objects within it are revived already."""
    return _READ[found[_KIND]](found) if _KIND in found else found


def _observation(found: dict[str, Any]) -> Observation:
    taint = frozenset(found.get("taint", ()))
    return Observation(found["value"], found.get("error"), taint, found["key"])


def _call(found: dict[str, Any]) -> Call:
    return Call(
        found["tool"],
        found["arguments"],
        found["key"],
        Risk(found["risk"]),
        found["step"],
        {name: frozenset(sources) for name, sources in found["taint"].items()},
        found["repeatable"],
    )


def _error(found: dict[str, Any]) -> PlanlabError:
    kind = getattr(errors, found["type"])
    error: PlanlabError = kind(found["message"], **found["kept"])
    return error


_READ: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "observation": _observation,
    "tuple": lambda found: tuple(found["of"]),
    "dict": lambda found: dict(found["of"]),
    "failed": lambda found: Failed(found["at"], found["error"]),
    "waiting": lambda found: Waiting(found["at"], found["request"]),
    "call": _call,
    "error": _error,
}

_WRITER = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_READER = json.JSONDecoder(object_hook=_revive).decode

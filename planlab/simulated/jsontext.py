"""JSON from outside, read within bounds: what cannot be walked or written again is no JSON here."""

import json
import math
from collections import Counter
from json import JSONDecoder

DEEPEST = 64  # levels of lists and objects


def load_json(text: str) -> object:
    """The value that `text` is. Raises ValueError for what is no JSON, not finite or too deep."""
    try:
        return _checked(_DECODER.decode(text), text)
    except RecursionError:
        raise _too_deep() from None


def load_json_at(text: str, at: int) -> tuple[object, int]:
    """The value that begins at `at`, and where it ends. Raises ValueError as `load_json` does."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except RecursionError:
        raise _too_deep() from None
    return _checked(value, text[at:end]), end


def load_strict_json(raw: bytes) -> object:
    """The value of a request's body: UTF-8, and no key twice. Raises ValueError, saying why."""
    try:
        text = raw.decode("utf-8")
        return _checked(_STRICT.decode(text), text)
    except RecursionError:
        raise _too_deep() from None


def _checked(value: object, text: str) -> object:
    _check_depth(value)
    if "\\u" in text:  # an escaped surrogate without its other half is no Unicode text
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            part
            for each in level
            if isinstance(each, list | dict)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text:.40} is out of range")
    return number


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"an object has the key {twice!r:.60} twice")
    return value


_DECODER = JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_STRICT = JSONDecoder(parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)

"""Whether a condition of the goal holds, as far as the observations say."""

import re
from collections.abc import Iterator, Mapping, Sequence

from planlab.simulated import words
from planlab.simulated.scene import Scene, Seen

_LESS = r"(?:fewer|less|lower|smaller|cheaper|below|under|at most|no more|not more|younger|colder)"
_MORE = (
    r"(?:more|above|over|greater|higher|larger|exceeds?|at least|no less|not less|older|warmer|"
    r"longer|hotter|beyond)"
)
_NUMBER = r"[$€£]? ?(-?\d[\d,]*(?:\.\d+)?)"


def holds(condition: str, scene: Scene) -> bool | None:
    """True or false by what was observed; None where nothing tells."""
    seen = [each for each in scene.observations if not each.error and each.fresh]
    if not seen:
        return None
    text = condition.removeprefix("not ")
    said = _compared(text, seen)
    if said is None:
        said = _stated(text, seen)
    return said if said is None or text == condition else not said


def _compared(text: str, seen: Sequence[Seen]) -> bool | None:
    less = re.search(rf"\b{_LESS}\b(?: than)?\s*{_NUMBER}", text, re.I)
    more = re.search(rf"\b{_MORE}\b(?: than)?\s*{_NUMBER}", text, re.I)
    match = less or more
    if not match:
        return None
    bound = float(match[1].replace(",", ""))
    figure = _figure(text, seen)
    if figure is None:
        return None
    equal = re.match(r"at most|at least|no more|no less|not more|not less", match[0], re.I)
    if equal and figure == bound:
        return True
    return figure < bound if less else figure > bound


def _figure(text: str, seen: Sequence[Seen]) -> float | None:
    """The figure that the condition speaks of: under a key of its words, else the newest."""
    wanted = words.content(text)
    for each in reversed(seen):
        given = [str(value) for value in each.arguments.values()]
        found = [pair for pair in keyed_figures("", each.value) if f"{pair[1]:g}" not in given]
        found.sort(key=lambda pair: -words.overlap(words.content(pair[0]), wanted))
        if found:
            return found[0][1]
    return None


def keyed_figures(key: str, value: object) -> Iterator[tuple[str, float]]:
    """Every figure in a value, each with the key under which it stands."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield key, float(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from keyed_figures(str(name), each)
    elif isinstance(value, list):
        for each in value:
            yield from keyed_figures(key, each)
    elif isinstance(value, str):
        yield from ((key, float(figure)) for figure in words.numbers(value))


def _stated(text: str, seen: Sequence[Seen]) -> bool | None:
    """Whether the newest result says what the condition does: by a truth value, or its words."""
    negated = re.search(r"\b(?:not|no|none|isn't|aren't|never|nothing)\b|n't\b", text) is not None
    newest = seen[-1]
    if isinstance(newest.value, bool):
        return newest.value is not negated
    if newest.value in ([], {}, None, ""):
        return negated
    asked = [word for each in newest.arguments.values() for word in words.content(str(each))]
    wanted = [word for word in words.content(text) if word not in asked]
    if isinstance(newest.value, Mapping):
        for key, value in newest.value.items():
            if isinstance(value, bool) and any(word in words.content(str(key)) for word in wanted):
                return value is not negated
    said = words.content(newest.text)
    denied = re.search(r"\b(?:not|no|never)\b", newest.text, re.I) is not None
    return (bool(wanted) and wanted[-1] in said) is not (negated or denied)

"""A model that answers from a list: for tests of loops, not of what a model would say."""

import json
from collections.abc import Callable, Iterable, Mapping

from .act import Answer

Line = Answer | Callable[[Mapping[str, object]], Answer]


class Script:
    """Gives each answer in turn, the last one for ever; keeps the requests that it saw.

    An answer may be a function of the request's body.
    """

    def __init__(self, answers: Iterable[Line]) -> None:
        self.answers = list(answers)
        self.requests: list[Mapping[str, object]] = []

    def __call__(self, body: Mapping[str, object], *, size: object, seed: int = 0) -> Answer:
        self.requests.append(body)
        line = self.answers[min(len(self.requests), len(self.answers)) - 1]
        return line if isinstance(line, Answer) else line(body)


def says(text: object) -> Answer:
    """A text answer; anything but text as JSON."""
    return Answer(text if isinstance(text, str) else json.dumps(text))


def calls(*pairs: tuple[str, dict[str, object]]) -> Answer:
    """An answer that asks for these tool calls."""
    return Answer(None, calls=pairs)

"""Read a plan while it is being written: each step as soon as its text is whole.

The text comes in pieces that end anywhere, inside a word or an escape. The parser (ijson) keeps its
place between them, so no piece is read twice.
"""

import json
from collections.abc import Iterator

import ijson
from pydantic import ValidationError

from planlab.errors import BrokenStream, MalformedAnswer
from planlab.records import Step
from planlab.tools import in_words


class StepReader:
    """The steps of a `Plan` in JSON, read piece by piece.

    >>> reader = StepReader()
    >>> list(reader.feed('{"goal": "Tidy up", "reasoning": "", "st'))
    []
    """

    def __init__(self) -> None:
        self._found = ijson.sendable_list()
        self._parser = ijson.items_coro(self._found, "steps.item")

    def feed(self, text: str) -> Iterator[Step]:
        """The steps whose last character is in `text`; raises `MalformedAnswer` after them."""
        if not text:
            return  # to the parser, nothing means the end
        problem = None
        try:
            # Half a character, as an escape may leave it, is no UTF-8.
            self._parser.send(text.encode(errors="replace"))
        except ijson.JSONError as error:
            problem = MalformedAnswer(f"The plan is not JSON: {_in_a_line(error)}.")
        while self._found:
            yield _as_step(self._found.pop(0))
        if problem is not None:
            raise problem

    def close(self) -> None:
        """There is no more; raises `BrokenStream` where the plan has no end."""
        try:
            self._parser.close()
        except ijson.JSONError as error:
            raise BrokenStream(f"The plan broke off: {_in_a_line(error)}.") from None


def _as_step(found: object) -> Step:
    try:
        # As JSON, so that the same text means the same step as in a plan that is read at once.
        return Step.model_validate_json(json.dumps(found, default=float))
    except ValidationError as error:
        raise MalformedAnswer(f"A step does not fit its schema: {in_words(error)}.") from None


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())

"""Short ways to write plans down, for tests."""

import json
from collections.abc import AsyncIterator, Sequence

from planlab.records import Argument, Plan, Ref, Step
from tests.scripted import says

GOAL = "Double it twice."


def step(id, tool="double", needs=(), *, how="tool", output="", **arguments):
    """A step; an argument written as `Ref` refers to a result."""
    return Step(
        id=id,
        description=f"work on {id}",
        how=how,
        tool=tool,
        arguments=tuple(Argument(name=n, value=v) for n, v in arguments.items()),
        depends_on=tuple(needs),
        output=output or f"out_{id}",
        expected_output="a number",
    )


def ref(id, path=""):
    return Ref(step=id, path=path)


def plan(*steps, goal=GOAL, version=1):
    return Plan(goal=goal, reasoning="because", steps=steps, version=version)


def writes(*plans):
    """Answers of a planner: these plans, one after the other."""
    return [says(each.model_dump()) for each in plans]


class Typewriter:
    """In the place of a planner's Model: writes its texts piece by piece, one text a request.

    An exception among the pieces is raised there. `written` is the text so far.
    """

    def __init__(self, *texts: Sequence[str | Exception]) -> None:
        self.texts = list(texts)
        self.requests: list[object] = []
        self.written = ""

    async def stream(self, messages: object, *, schema: object = None) -> AsyncIterator[str]:
        self.requests.append(messages)
        self.written = ""
        for piece in self.texts[min(len(self.requests), len(self.texts)) - 1]:
            if isinstance(piece, Exception):
                raise piece
            self.written += piece
            yield piece


def as_text(plan: Plan) -> str:
    """As a planner writes it."""
    return json.dumps(plan.model_dump())

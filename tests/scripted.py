"""A model that answers from a list: for tests of loops, not of what a model would say."""

import json
from collections.abc import Iterable, Mapping

from planlab.cost import price_of
from planlab.model import Model
from planlab.simulated import Simulator, simulated_client
from planlab.simulated.act import Answer


class Script:
    """Gives each answer in turn, the last one for ever; keeps the requests that it saw."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[Mapping[str, object]] = []

    def __call__(self, body: Mapping[str, object], *, size: object, seed: int = 0) -> Answer:
        self.requests.append(body)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]


def scripted(*answers: Answer, **settings: object) -> tuple[Model, Script]:
    """A Model on the real client that gives `answers`, and the script to look at afterwards."""
    script = Script(answers)
    simulator = Simulator(answer=script, **settings)
    return Model(simulated_client(simulator), "sim-large", price_of("sim-large")), script


def says(text: object) -> Answer:
    """A text answer; anything but text as JSON."""
    return Answer(text if isinstance(text, str) else json.dumps(text))


def calls(*pairs: tuple[str, dict[str, object]]) -> Answer:
    """An answer that asks for these tool calls."""
    return Answer(None, calls=pairs)

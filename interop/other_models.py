"""Stand-ins for real models, each unlike the simulated one in one way; to be served over HTTP.

python -m interop.other_models reworded --port 8001
"""

import argparse
import json
import re
from collections.abc import Mapping
from itertools import count

from planlab.simulated import Simulator, serve
from planlab.simulated.act import Answer, answer

_FREE_TEXT = ("description", "reasoning", "reason", "feedback", "problem", "draft", "answer")


class Reworded:
    """As clever as the simulated model, in other words each time, with other ids for steps."""

    def __init__(self) -> None:
        self._calls = count(1)

    def __call__(self, body: Mapping[str, object], **settings: object) -> Answer:
        said = answer(body, **settings)  # type: ignore[arg-type]
        number = next(self._calls)
        if said.text is None:
            return Answer(f"Let me see ({number}).", said.calls, said.refusal)
        try:
            value = json.loads(said.text)
        except ValueError:
            return Answer(f"Certainly ({number}).\n\n{said.text}", said.calls)
        return Answer(json.dumps(_reworded(value, number)), said.calls)


def _reworded(value: object, number: int, name: str = "") -> object:
    if isinstance(value, list):
        return [_reworded(item, number, name) for item in value]
    if isinstance(value, dict):
        return {key: _reworded(item, number, key) for key, item in value.items()}
    if isinstance(value, str) and re.fullmatch(r"s\d+", value):
        return f"step_{value[1:]}"
    if isinstance(value, str) and name in _FREE_TEXT:
        return f"{value} (take {number})"
    return value


def curt(body: Mapping[str, object], **settings: object) -> Answer:
    """Says the same few words whatever it is asked: no JSON, no tool call, no form kept."""
    return Answer("As you like.")


MODELS = {"reworded": Reworded, "curt": lambda: curt}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    serve(port=options.port, simulator=Simulator(answer=MODELS[options.model]()))


if __name__ == "__main__":
    main()

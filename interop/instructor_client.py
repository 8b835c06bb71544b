"""Instructor on a simulated model: python instructor_client.py URL TASK FACTS PRICES prints JSON.

A program of its own, since Instructor wants another version of a package than all others here.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any

import instructor
from openai import OpenAI
from pydantic import BaseModel


class SearchPrice(BaseModel):
    """Look up a product's price in US dollars."""

    product: str


class Calculate(BaseModel):
    """Compute an arithmetic expression exactly, such as '3 + 4'."""

    expression: str


class Bill(BaseModel):
    """What each product costs, and both together."""

    nimbus: float
    aurora: float
    total: float


MODES = ("TOOLS", "JSON_SCHEMA", "JSON", "MD_JSON")


def main(url: str, task: str, facts: str, given: str) -> None:
    """Print the calls and the bill of the task, and the bill that each mode reads in the facts."""
    openai = OpenAI(base_url=url, api_key="any", max_retries=0)
    read = {mode: read_bill(openai, mode, facts) for mode in MODES}
    print(json.dumps({**solve(openai, task, json.loads(given)), "read": read}))


def read_bill(openai: OpenAI, mode: str, facts: str) -> dict[str, Any]:
    """The bill whole, and the last of the partial ones of a stream."""
    client = instructor.from_openai(openai, mode=getattr(instructor.Mode, mode))
    asked: dict[str, Any] = {
        "model": "sim-large",
        "messages": [{"role": "user", "content": facts}],
        "response_model": Bill,
        "max_retries": 0,
    }
    partial = list(client.chat.completions.create_partial(**asked))
    whole = client.chat.completions.create(**asked)
    return {"whole": whole.model_dump(), "streamed": partial[-1].model_dump()}


def solve(openai: OpenAI, task: str, prices: dict[str, float]) -> dict[str, Any]:
    """Instructor's parallel tools, twice, and then the bill from what they gave."""
    client = instructor.from_openai(openai, mode=instructor.Mode.PARALLEL_TOOLS)
    messages: list[Any] = [{"role": "user", "content": task}]
    calls = []
    for _ in range(2):
        asked = client.chat.completions.create(
            model="sim-large", messages=messages, response_model=Iterable[SearchPrice | Calculate]
        )
        for number, call in enumerate(asked):
            name, argument, result = run(call, prices)
            calls.append((name, argument))
            messages += exchange(f"{name}-{number}", call, result)
    typed = instructor.from_openai(openai, mode=instructor.Mode.JSON_SCHEMA)
    bill = typed.chat.completions.create(
        model="sim-large", messages=messages, response_model=Bill, max_retries=0
    )
    return {"calls": calls, "bill": bill.model_dump()}


def run(call: SearchPrice | Calculate, prices: dict[str, float]) -> tuple[str, str, object]:
    """The tool's name, its argument and its result."""
    if isinstance(call, SearchPrice):
        price = {"product": call.product, "price_usd": prices[call.product]}
        return "search_price", call.product, price
    return "calculate", call.expression, sum(map(float, call.expression.split("+")))


def exchange(id: str, call: BaseModel, result: object) -> list[dict[str, Any]]:
    """The call and its result as messages."""
    made = {"name": type(call).__name__, "arguments": call.model_dump_json()}
    return [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": id, "type": "function", "function": made}],
        },
        {"role": "tool", "tool_call_id": id, "content": json.dumps(result)},
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What other clients send that the official one does not; interop/ runs the clients themselves."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from planlab.simulated import LARGE
from planlab.simulated.act import Answer, answer

TASK = "Look up the prices of Nimbus and Aurora, then calculate what both cost together."
PRICES = {"Nimbus": 347.25, "Aurora": 58.5}


class Bill(BaseModel):
    nimbus: float
    price_of_aurora: float
    total_usd: float


def function(name: str, description: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    told = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": told}


def text(name: str) -> dict[str, object]:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


SEARCH = function("search_price", "Look up a product's price in US dollars.", text("product"))
CALCULATE = function("calculate", "Compute an arithmetic expression.", text("expression"))
TOOLS = [SEARCH, CALCULATE]
FORM = {
    "type": "json_schema",
    "json_schema": {"name": "bill", "schema": Bill.model_json_schema()},
}


def ask(*results: tuple[str, dict[str, str], str], **body: Any) -> Answer:
    """What the model answers once these calls (tool, arguments) have had these results."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": TASK}]
    for number, (name, arguments, result) in enumerate(results):
        call = {"name": name, "arguments": json.dumps(arguments)}
        made = [{"id": f"c{number}", "type": "function", "function": call}]
        messages.append({"role": "assistant", "content": None, "tool_calls": made})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": result})
    return answer({"messages": messages, **body}, size=LARGE)


def searched(write: Any = json.dumps) -> list[tuple[str, dict[str, str], str]]:
    return [
        ("search_price", {"product": name}, write({"product": name, "price_usd": price}))
        for name, price in PRICES.items()
    ]


DONE = [*searched(), ("calculate", {"expression": "347.25 + 58.5"}, "405.75")]


def test_beside_calls_nothing_is_said_that_a_schema_would_forbid() -> None:
    plain, typed = ask(tools=TOOLS), ask(tools=TOOLS, response_format=FORM)
    assert plain.text
    assert typed.text is None
    assert plain.calls == typed.calls == tuple(("search_price", {"product": p}) for p in PRICES)


@pytest.mark.parametrize("write", [json.dumps, str], ids=["JSON", "Python"])
def test_a_result_is_read_as_json_or_as_python_writes_it(write: Any) -> None:
    assert ask(*searched(write), tools=TOOLS).calls == (
        ("calculate", {"expression": "347.25 + 58.5"}),
    )


@pytest.mark.parametrize("broken", ["{'price': ", "[" * 5000, "{a: 1}", "{1: 2}[3]"])
def test_a_result_that_is_neither_stays_text(broken: str) -> None:
    assert ask(("search_price", {"product": "Nimbus"}, broken), tools=TOOLS)


@pytest.mark.parametrize("tools", [{"tools": TOOLS}, {}], ids=["offered still", "offered no more"])
def test_numbers_of_tools_go_to_the_fields_that_are_named_after_them(tools: Any) -> None:
    said = ask(*DONE, response_format=FORM, **tools).text
    bill = Bill.model_validate_json(said or "")
    assert bill == Bill(nimbus=347.25, price_of_aurora=58.5, total_usd=405.75)


def test_a_form_for_the_answer_is_called_last_where_a_call_is_required() -> None:
    form = function("Bill", "What each product costs.", Bill.model_json_schema())
    required = {"tools": [*TOOLS, form], "tool_choice": "required"}
    assert {name for name, _ in ask(**required).calls} == {"search_price"}
    ((name, arguments),) = ask(*DONE, **required).calls
    assert (name, arguments["total_usd"]) == ("Bill", 405.75)

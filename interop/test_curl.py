"""The protocol by hand, with curl: what any program can do that speaks HTTP and JSON."""

import json
import shutil
import subprocess
from typing import Any

import pytest
from shop import FACTS, PRICES, RIGHT, TASK, TOTAL, Bill, Shop

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


def curl(url: str, *options: str, body: object = None) -> str:
    """What the server sent; raises where curl found fault with it."""
    command = ["curl", "--silent", "--show-error", "--max-time", "10", *options, url]
    if body is not None:
        command += ["--header", "content-type: application/json", "--data", json.dumps(body)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ask(url: str, messages: list[Any], **options: Any) -> dict[str, Any]:
    body = {"model": "sim-large", "messages": messages, **options}
    answer = json.loads(curl(f"{url}/chat/completions", "--fail-with-body", body=body))
    message: dict[str, Any] = answer["choices"][0]["message"]
    return message


def function(name: str, description: str, parameter: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {parameter: {"type": "string"}}}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": schema},
    }


TOOLS = [
    function("search_price", "Look up a product's price in US dollars.", "product"),
    function("calculate", "Compute an arithmetic expression exactly.", "expression"),
]
USER = {"role": "user", "content": TASK}


def test_a_loop_over_tools_solves_the_task(url: str, shop: Shop) -> None:
    messages: list[Any] = [USER]
    while (message := ask(url, messages, tools=TOOLS)).get("tool_calls"):
        messages.append(message)
        for call in message["tool_calls"]:
            run = getattr(shop, call["function"]["name"])
            result = json.dumps(run(**json.loads(call["function"]["arguments"])))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    shop.check_solved(message["content"])


def test_the_answer_fits_the_schema_that_was_sent(url: str) -> None:
    form = {"name": "bill", "schema": Bill.model_json_schema()}
    wanted = {"type": "json_schema", "json_schema": form}
    message = ask(url, [{"role": "user", "content": FACTS}], response_format=wanted)
    assert Bill.model_validate_json(message["content"]) == RIGHT


def test_a_stream_is_events_that_end_with_done(url: str) -> None:
    told = f"{TASK} " + ", ".join(f"{name} costs {price}" for name, price in PRICES.items())
    body = {"model": "sim-large", "messages": [{"role": "user", "content": told}], "stream": True}
    sent = curl(f"{url}/chat/completions", "--no-buffer", body=body)
    *events, done, end = sent.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    assert str(TOTAL) in "".join(chunk["delta"].get("content") or "" for chunk in chunks)
    assert [chunk["finish_reason"] for chunk in chunks][-1] == "stop"


def test_the_models_are_listed(url: str) -> None:
    models = json.loads(curl(f"{url}/models"))["data"]
    assert [model["id"] for model in models] == ["sim-large", "sim-small"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/embeddings", {}, "404"), ("/chat/completions", {"model": "sim-large"}, "400")],
)
def test_an_error_is_json_with_its_status(url: str, path: str, body: object, status: str) -> None:
    *sent, code = curl(f"{url}{path}", "--write-out", "\n%{http_code}", body=body).splitlines()
    assert code == status
    assert json.loads("\n".join(sent))["error"]["message"]

"""JSON from outside: what is read, what is refused, and that neither takes for ever."""

import json
import time

import pytest

from planlab.simulated import Simulator, respond
from planlab.simulated.jsontext import DEEPEST, load_json, load_json_at, load_strict_json
from planlab.simulated.wire import CHAT


def nested(levels: int) -> str:
    return '{"a": [' * (levels // 2) + "1" + "]}" * (levels // 2)


@pytest.mark.parametrize(
    "text", ["0", '"\\ud83d\\ude00"', "-1e308", '{"a": {"a": []}}', nested(DEEPEST)]
)
def test_json_is_read_as_ever(text: str) -> None:
    value = json.loads(text)
    assert load_json(text) == load_strict_json(text.encode()) == value
    assert load_json_at(f"x {text} y", 2) == (value, 2 + len(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NaN", "NaN"),
        ("[1, -Infinity]", "Infinity"),
        ("[1e999]", "1e999"),
        ('["\\ud800"]', "surrogates"),
        ("1" * 5000, "4300"),
        (nested(DEEPEST + 2), "deep"),
        (nested(100_000), "deep"),
        ("[" * 100_000, "deep"),
    ],
)
def test_what_could_not_be_walked_or_written_is_refused(text: str, why: str) -> None:
    for load in (load_json, lambda text: load_json_at(text, 0)):
        with pytest.raises(ValueError, match=why):
            load(text)
    with pytest.raises(ValueError, match=why):
        load_strict_json(text.encode())


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "'c' twice"),
        (b'"\xff"', "utf-8"),
        ('"é"'.encode("utf-16"), "utf-8"),
    ],
)
def test_a_body_is_utf_8_and_has_no_key_twice(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_strict_json(raw)


@pytest.mark.parametrize("levels", [20, 60, 400, 3000])
@pytest.mark.parametrize("where", ["user", "arguments", "tool"])
def test_json_in_a_text_is_answered_however_deep_it_is(levels: int, where: str) -> None:
    texts = dict.fromkeys(("user", "arguments", "tool"), "Plan a party.") | {where: nested(levels)}
    call = {"name": "find", "arguments": texts["arguments"]}
    body = {
        "model": "sim-large",
        "messages": [
            {"role": "user", "content": "Answer in this JSON format: " + texts["user"]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": call}]},
            {"role": "tool", "tool_call_id": "c", "content": texts["tool"]},
        ],
    }
    response = respond("POST", CHAT, json.dumps(body).encode(), simulator=Simulator())
    assert response.status == 200, response.chunks


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "object", "properties": {"a": ' * 480 + "1" + "}}" * 480,
        "-- x " * 4000,
        "\u9fff\ud7ff",
    ],
)
def test_a_text_without_sentences_is_answered_soon(text: str) -> None:
    message = {"role": "user", "content": text}
    tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
    body = {"model": "sim-large", "messages": [message], "tools": [tool]}
    start = time.process_time()
    response = respond("POST", CHAT, json.dumps(body).encode(), simulator=Simulator())
    assert time.process_time() - start < 15  # it was 46 s on a machine that now takes 2
    assert response.status == 200, response.chunks

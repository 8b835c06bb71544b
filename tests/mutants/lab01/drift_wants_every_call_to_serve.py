"""One call that serves no task makes the whole turn stray."""

import json

QUESTIONS = ("drift",)


def find_drift(messages: list[dict], tasks: dict[str, str]) -> dict[int, str]:
    failed = {
        message["tool_call_id"]
        for message in messages
        if message["role"] == "tool" and message["content"].startswith("Error")
    }
    replies = [message for message in messages if message["role"] == "assistant"]
    drift, made = {}, []
    for turn, reply in enumerate(replies, start=1):
        calls = reply.get("tool_calls") or []
        if calls and not all(serves(call, tasks) for call in calls):
            drift[turn] = "stray"
        elif calls and all(what(call) in made for call in calls):
            drift[turn] = "repeat"
        made += [what(call) for call in calls if call["id"] not in failed]
    return drift


def serves(call: dict, tasks: dict[str, str]) -> bool:
    arguments = call["function"]["arguments"].lower()
    return any(mark.lower() in arguments for mark in tasks.values())


def what(call: dict):
    function = call["function"]
    return function["name"], json.loads(function["arguments"])

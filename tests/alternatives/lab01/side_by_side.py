"""Calls of a turn side by side; a meter in two passes; a detector with sets."""

import asyncio
import json

from planlab import Model, Toolbox
from planlab.tokens import count_tokens

QUESTIONS = ("loop", "meter", "drift")


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    context, stop, answer = [{"role": "user", "content": goal}], "rounds", None
    turn = 0
    while turn < max_turns and stop == "rounds":
        turn += 1
        reply = await model.ask(context, tools=tools)
        context = [*context, reply.message]
        if reply.calls:
            context += await asyncio.gather(*(make(call, tools) for call in reply.calls))
        else:
            answer, stop = reply.text, "answered"
    return answer, stop, context


async def make(call, tools):
    try:
        arguments = json.loads(call.arguments)
        if not isinstance(arguments, dict):
            raise ValueError("an object is wanted")
        content = (await tools.call(call.name, arguments)).text
    except ValueError as error:
        content = f"Error in the arguments of {call.name}: {error}"
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def meter(messages):
    sizes = [size(message) for message in messages]
    turns = [n for n, message in enumerate(messages) if message["role"] == "assistant"]
    prompts = [sum(sizes[:n]) for n in turns]
    bills = [prompt + sizes[n] for prompt, n in zip(prompts, turns, strict=True)]
    return [
        {"turn": k + 1, "prompt": prompts[k], "output": sizes[n], "paid": sum(bills[: k + 1])}
        for k, n in enumerate(turns)
    ]


def size(message):
    texts = [message.get("content")]
    for call in message.get("tool_calls", []):
        texts.extend([call["function"]["name"], call["function"]["arguments"]])
    return count_tokens(" ".join(filter(None, texts)))


def find_drift(messages, tasks):
    worked, verdicts = set(), {}
    turns = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
    for turn, start in enumerate(turns):
        calls = messages[start].get("tool_calls", [])
        keys = {call["id"]: key(call) for call in calls}
        arguments = " ".join(call["function"]["arguments"] for call in calls).casefold()
        if calls and all(mark.casefold() not in arguments for mark in tasks.values()):
            verdicts[turn + 1] = "stray"
        elif calls and set(keys.values()) <= worked:
            verdicts[turn + 1] = "repeat"
        for message in messages[start + 1 :]:
            if message["role"] == "tool" and not message["content"].startswith("Error"):
                worked |= {keys[i] for i in keys if i == message["tool_call_id"]}
    return verdicts


def key(call):
    arguments = json.loads(call["function"]["arguments"])
    return call["function"]["name"], json.dumps(arguments, sort_keys=True)

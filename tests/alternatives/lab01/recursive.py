"""A loop that calls itself; a generator for the meter; string checks before the Toolbox."""

import json
import re

from planlab.tokens import count_tokens

QUESTIONS = ("loop", "meter", "drift")


async def run_loop(goal, model, tools, max_turns=8):
    return await go_on([{"role": "user", "content": goal}], model, tools, max_turns)


async def go_on(context, model, tools, left):
    if left == 0:
        return None, "rounds", context
    reply = await model.ask(context, tools=list(tools))
    context.append(reply.message)
    if not reply.calls:
        return reply.text, "answered", context
    for call in reply.calls:
        content = await try_call(call, tools)
        context.append({"role": "tool", "tool_call_id": call.id, "content": content})
    return await go_on(context, model, tools, left - 1)


async def try_call(call, tools):
    if call.name not in tools:
        return f"Error: nobody offers {call.name}"
    try:
        seen = await tools.call(call.name, dict(json.loads(call.arguments)))
        return str(seen.unwrap())
    except Exception as error:
        return f"Error: {error}"


def meter(messages):
    return list(readings(messages))


def readings(messages):
    paid = 0
    replies = [n for n, message in enumerate(messages) if message["role"] == "assistant"]
    for turn, n in enumerate(replies, start=1):
        prompt, output = sum(map(cost, messages[:n])), cost(messages[n])
        paid += prompt + output
        yield {"turn": turn, "prompt": prompt, "output": output, "paid": paid}


def cost(message):
    total = count_tokens(message["content"]) if message["content"] else 0
    for call in message.get("tool_calls") or ():
        total += count_tokens(call["function"]["name"])
        total += count_tokens(call["function"]["arguments"])
    return total


def find_drift(messages, tasks):
    failed = [
        message["tool_call_id"]
        for message in messages
        if message.get("tool_call_id") and message["content"][:5] == "Error"
    ]
    past, turn, found = [], 0, {}
    for message in messages:
        if message["role"] != "assistant":
            continue
        turn += 1
        now = message.get("tool_calls")
        if not now:
            continue
        on_task = [c for c in now if on_path(c["function"]["arguments"], tasks)]
        fresh = [c for c in now if simple(c) not in past]
        if not on_task:
            found[turn] = "stray"
        elif not fresh:
            found[turn] = "repeat"
        past.extend(simple(c) for c in now if c["id"] not in failed)
    return found


def on_path(text, tasks):
    return any(re.search(re.escape(mark), text, re.IGNORECASE) for mark in tasks.values())


def simple(call):
    return [call["function"]["name"], json.loads(call["function"]["arguments"])]

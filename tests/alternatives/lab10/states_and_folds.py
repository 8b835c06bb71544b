"""The whole state in each line, with a checksum; nested digests; a delivery that all wait for."""

import asyncio
import hashlib
import json
import zlib

QUESTIONS = ("journal", "keys", "approval")


def last_state(stored):
    for line in reversed(stored.split("\n")):
        checksum, _, text = line.partition(" ")
        if text and checksum == str(zlib.crc32(text.encode())):
            return json.loads(text)
    return {"begun": [], "ended": []}


async def send_mails(steps, stored, append, write, send):
    state = last_state(stored)
    begun, ended = dict(state["begun"]), dict(state["ended"])

    def save():
        text = json.dumps({"begun": [*begun.items()], "ended": [*ended.items()]})
        append("\n")
        append(f"{zlib.crc32(text.encode())} {text}")
        append("\n")

    for id in [step for step in steps if step not in ended]:
        if id not in begun:
            begun[id] = await write(id)
            save()
        ended[id] = await send(id, begun.pop(id))
        save()
    return dict(zip(steps, [ended[id] for id in steps], strict=True))


def digest(value):
    """One way to write each value, with its type, and its size in front."""
    if isinstance(value, dict):
        parts = [digest(name) + digest(value[name]) for name in sorted(value)]
    elif isinstance(value, list):
        parts = [digest(one) for one in value]
    else:
        parts = [repr(value)]
    sizes = [len(part) for part in parts]
    text = f"{type(value).__name__} {sizes} {''.join(parts)}"
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def step_keys(run, plan):
    steps = {step["id"]: step for step in plan["steps"]}
    known = {}

    def key(id):
        if id not in known:
            step = steps[id]
            needs = {need: key(need) for need in step["needs"]}
            known[id] = digest([run, id, step["tool"], step["arguments"], needs])
        return known[id]

    return {id: key(id) for id in steps}


def make_receiver(deliver):
    under_way, asked = {}, {}

    async def receive(key, request):
        if asked.setdefault(key, request) != request:
            raise ValueError("that key stands for something else")
        if key not in under_way:
            under_way[key] = asyncio.ensure_future(deliver(request))
        try:
            return await asyncio.shield(under_way[key])
        except Exception:
            under_way.pop(key, None)
            asked.pop(key, None)
            raise

    return receive


def bound(call, version):
    return digest([call["key"], call["arguments"], version])


def approve(append, call, version):
    append(["yes", bound(call, version)])


async def pay_once(events, append, call, version, pay):
    open_ones = set()
    for kind, what in events:
        (open_ones.add if kind == "yes" else open_ones.discard)(what)
    if bound(call, version) in open_ones:
        append(["used", bound(call, version)])
        return await pay(call["arguments"])

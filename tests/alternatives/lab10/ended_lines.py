"""Lines that end with a line break, and a first break where the last one is missing."""

import asyncio
import hashlib
import json

QUESTIONS = ("journal", "keys", "approval")


async def send_mails(steps, stored, append, write, send):
    if stored and not stored.endswith("\n"):
        append("\n")
    records = {}
    for line in stored.split("\n"):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records.setdefault(record["id"], {}).update(record)
    for id in steps:
        record = records.setdefault(id, {"id": id})
        if "receipt" in record:
            continue
        if "text" not in record:
            record["text"] = await write(id)
            append(json.dumps(record) + "\n")
        record["receipt"] = await send(id, record["text"])
        append(json.dumps({"id": id, "receipt": record["receipt"]}, ensure_ascii=False) + "\n")
    return {id: records[id]["receipt"] for id in steps}


def step_keys(run, plan):
    waiting, keys = list(plan["steps"]), {}
    while waiting:
        step = waiting.pop(0)
        if not keys.keys() >= set(step["needs"]):
            waiting.append(step)
            continue
        asked = {name: step[name] for name in ("id", "tool", "arguments")}
        asked |= {"run": run, "needs": {need: keys[need] for need in step["needs"]}}
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        keys[step["id"]] = hashlib.md5(text.encode()).hexdigest()
    return keys


def make_receiver(deliver):
    receipts, locks = {}, {}

    async def receive(key, request):
        async with locks.setdefault(key, asyncio.Lock()):
            if key in receipts:
                text, receipt = receipts[key]
                if text != json.dumps(request, sort_keys=True):
                    raise ValueError(key)
                return receipt
            receipt = await deliver(request)
            receipts[key] = (json.dumps(request, sort_keys=True), receipt)
            return receipt

    return receive


def approve(append, call, version):
    append({"what": "allowed", "call": call, "version": version})


async def pay_once(events, append, call, version, pay):
    for event in reversed(events):
        if event["call"] == call and event["version"] == version:
            if event["what"] == "used":
                return None
            append({"what": "used", "call": call, "version": version})
            return await pay(call["arguments"])
    return None

"""Notes what has ended, after it has; nothing before it."""

import json

QUESTIONS = ("journal",)


async def send_mails(steps: list, stored: str, append, write, send) -> dict:
    """The receipt of each mail by its id, in the order of the steps."""
    receipts = dict(json.loads(line) for line in stored.splitlines())
    for id in steps:
        if id not in receipts:
            receipts[id] = await send(id, await write(id))
            append(json.dumps([id, receipts[id]]) + "\n")
    return receipts

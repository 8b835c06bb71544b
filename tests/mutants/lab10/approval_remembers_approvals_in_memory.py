"""What was approved is kept in a set of the notebook, too."""

import json

QUESTIONS = ("approval",)


APPROVED = set()


def approve(append, call: dict, version: int) -> None:
    """A person allows this call under this version of the plan."""
    APPROVED.add(json.dumps([call, version], sort_keys=True))
    append({"kind": "approved", "subject": {**call, "version": version}})


async def pay_once(events: list, append, call: dict, version: int, pay) -> object:
    """The bank's receipt, or None where a person has to allow it first."""
    subject, allowed = {**call, "version": version}, False
    for event in events:
        if event["subject"] == subject:
            allowed = event["kind"] == "approved"
    if not allowed or json.dumps([call, version], sort_keys=True) not in APPROVED:
        return None
    append({"kind": "used", "subject": subject})
    APPROVED.discard(json.dumps([call, version], sort_keys=True))
    return await pay(call["arguments"])

"""Who is killed between the two pays again."""

QUESTIONS = ("approval",)


def approve(append, call: dict, version: int) -> None:
    """A person allows this call under this version of the plan."""
    append({"kind": "approved", "subject": {**call, "version": version}})


async def pay_once(events: list, append, call: dict, version: int, pay) -> object:
    """The bank's receipt, or None where a person has to allow it first."""
    subject, allowed = {**call, "version": version}, False
    for event in events:
        if event["subject"] == subject:
            allowed = event["kind"] == "approved"
    if not allowed:
        return None
    receipt = await pay(call["arguments"])
    append({"kind": "used", "subject": subject})
    return receipt

"""An approval is used up when somebody asks in vain."""

QUESTIONS = ("approval",)


def approve(append, call: dict, version: int) -> None:
    """A person allows this call under this version of the plan."""
    append({"kind": "approved", "subject": {**call, "version": version}})


async def pay_once(events: list, append, call: dict, version: int, pay) -> object:
    """The bank's receipt, or None where a person has to allow it first."""
    subject, allowed = {**call, "version": version}, False
    for event in events:
        if event["subject"]["key"] == call["key"]:
            allowed = event["kind"] == "approved" and event["subject"] == subject
    append({"kind": "used", "subject": subject})
    if not allowed:
        return None
    return await pay(call["arguments"])

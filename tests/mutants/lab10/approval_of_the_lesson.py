"""All five mistakes, as they stand in the lab."""

QUESTIONS = ("approval",)


USED = set()


def approve(append, call: dict, version: int) -> None:
    """A person allows this call under this version of the plan."""
    # To be mended:
    append({"kind": "approved", "key": call["key"]})


async def pay_once(events: list, append, call: dict, version: int, pay) -> object:
    """The bank's receipt, or None where a person has to allow it first."""
    # To be mended:
    if call["key"] in USED or not any(event["key"] == call["key"] for event in events):
        return None
    receipt = await pay(call["arguments"])
    USED.add(call["key"])
    return receipt

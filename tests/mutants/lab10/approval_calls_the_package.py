"""The package's own approvals are handed in."""

QUESTIONS = ("approval",)


def approve(append, call: dict, version: int) -> None:
    """A person allows this call under this version of the plan."""
    append({"kind": "approved", "subject": {**call, "version": version}})


async def pay_once(events: list, append, call: dict, version: int, pay) -> object:
    """The bank's receipt, or None where a person has to allow it first."""
    from planlab.ledger import Ledger
    from planlab.tools import Call, Risk

    with Ledger("approvals.sqlite") as done:
        asked = Call("pay", call["arguments"], call["key"], Risk.HIGH, "pay", {})
        return await pay(call["arguments"]) if done.use_approval(asked) else None

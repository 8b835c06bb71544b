"""Asks about dangerous names."""

from planlab.errors import NeedsApproval
from planlab.toolbox import guarded

QUESTIONS = ("gates",)
ALSO = ("correctness",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """Asks about what is on a list of names."""

    async def gate(call) -> None:
        if call.tool in ("send_email", "delete_record", "execute_transaction"):
            raise NeedsApproval(f"{call.tool}: may it?", call)

    async def review(call):
        if await reviewer(call.tool, call.plain) != "approve":
            raise Refused("no")
        return call

    return guarded(replace(tools, run_id=run_id), gates=[gate], reviewer=review)

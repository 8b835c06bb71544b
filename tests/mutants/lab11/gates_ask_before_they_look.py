"""Asks the reviewer about what cannot be run."""

from planlab.patterns.gates import by_risk
from planlab.taint import Tainted
from planlab.toolbox import guarded

QUESTIONS = ("gates",)
ALSO = ("correctness",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """The same tools, behind gates and a reviewer."""
    asked = 0

    async def review(call):
        nonlocal asked
        if asked == 5:
            raise Refused(f"{call.tool}: five questions were asked, and there is no sixth.")
        asked += 1
        if await reviewer(call.tool, call.plain) != "approve":
            raise Refused(f"{call.tool}: the reviewer did not approve it.")
        return call

    box = guarded(replace(tools, run_id=run_id), gates=[Tainted(), by_risk()], reviewer=review)
    return Eager(reviewer, **{name: getattr(box, name) for name in box.__dataclass_fields__})


class Eager(Toolbox):
    """Asks first about every tool that it does not know."""

    def __init__(self, person, **named) -> None:
        super().__init__(**named)
        object.__setattr__(self, "person", person)

    async def call(self, name, arguments, **named):
        if name not in self or len(arguments) != 2:
            await self.person(name, dict(arguments))
        return await super().call(name, arguments, **named)

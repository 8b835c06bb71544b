"""The package's own gates are handed in."""

import asyncio
import math

QUESTIONS = ("gates",)


def fits(takes: dict, arguments: object) -> bool:
    """Are these exactly the arguments that a tool takes, by name and kind?"""
    if not isinstance(arguments, dict) or arguments.keys() != takes.keys():
        return False
    return all(is_kind(value, takes[name]) for name, value in arguments.items())


def make_caller(tools: dict, reviewer, cents: int, patience: float):
    """An async function call(name, arguments): the tools, behind a gate."""
    from planlab.patterns.gates import by_risk

    left, gate = cents, by_risk()

    async def approved(name: str, arguments: dict) -> bool:
        try:
            async with asyncio.timeout(patience):
                return await reviewer(name, arguments) == "approve"
        except Exception:
            return False

    async def call(name: str, arguments: dict) -> tuple:
        nonlocal left
        await gate(name)
        if name not in tools:
            return "refused", f"there is no tool {name}"
        tool = tools[name]
        if not fits(tool["takes"], arguments):
            return "refused", f"{name} takes {tool['takes']}"
        if tool.get("risk") not in ("LOW", "MEDIUM") and not await approved(name, arguments):
            return "refused", f"nobody approved {name}"
        if tool["cents"] > left:
            return "refused", f"{name} costs {tool['cents']} cents, {left} are left"
        left -= tool["cents"]
        return "done", await tool["run"](**arguments)

    return call


def is_kind(value: object, kind: str) -> bool:
    """A text, or a finite number."""
    if kind == "text":
        return isinstance(value, str)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)

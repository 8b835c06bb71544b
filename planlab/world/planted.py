"""Forty plans for Acme, each with a defect planted in it on purpose.

`data/planted.json` holds them: what is wrong by kind, one sentence about it, the goal, the steps.
"""

import json
from dataclasses import dataclass

from planlab.records import Goal, Plan
from planlab.world.template import DATA


@dataclass(frozen=True)
class Planted:
    """A plan that is wrong: `kinds` names each defect, as the values of `DefectKind` do."""

    plan: Plan
    goal: Goal
    kinds: tuple[str, ...]
    sentence: str


def planted_plans() -> tuple[Planted, ...]:
    """All forty, in the order of their kinds."""
    entries = json.loads((DATA / "planted.json").read_text(encoding="utf-8"))
    return tuple(
        Planted(
            Plan(goal=e["goal"]["text"], reasoning=e["reasoning"], steps=e["steps"], version=1),
            Goal.model_validate(e["goal"]),
            tuple(e["kinds"]),
            e["sentence"],
        )
        for e in entries
    )

"""Numbers that tools gave, for the fields of a reply that want them.

A price that was looked up goes to the field that is named after what was looked up; what was
calculated last goes to the one field that asks for a result.
"""

from collections.abc import Mapping

from planlab.simulated import words
from planlab.simulated.choice import tool_kind
from planlab.simulated.fields import properties
from planlab.simulated.scene import Scene, Seen, Tool

_RESULTS = frozenset(
    words.content(
        "total sum result difference amount average mean share percentage percent ratio cost "
        "price bill combined altogether saving"
    )
)
_JUDGED = frozenset(words.content("score confidence rating count quantity number step"))


def numbers_from_tools(schema: Mapping[str, object], scene: Scene) -> dict[str, object]:
    """For each number field of `schema`, the number that a tool gave for it, where one did."""
    seen = [each for each in scene.observations if each.fresh and not each.error]
    wanted = {
        name: words.content(name)
        for name, part in properties(schema).items()
        if part.get("type") in ("number", "integer")
    }
    found: dict[str, object] = {}
    for name, told in wanted.items():
        about = [number for each in seen if (number := _looked_up(each, told)) is not None]
        if about:
            found[name] = about[-1]
    asking = [
        name
        for name, told in wanted.items()
        if name not in found and set(told) & _RESULTS and not set(told) & _JUDGED
    ]
    reckoned = [each.value for each in seen if _is_reckoned(each, scene)]
    if len(asking) == 1 and reckoned:
        found[asking[0]] = reckoned[-1]
    return found


def _looked_up(seen: Seen, field: list[str]) -> object:
    """The one number of what came back, where the field is named after what was asked."""
    asked = [words.content(value) for value in seen.arguments.values() if isinstance(value, str)]
    if not any(told and set(told) <= set(field) for told in asked):
        return None
    parts = list(seen.value.values()) if isinstance(seen.value, Mapping) else [seen.value]
    numbers = [part for part in parts if _is_number(part)]
    return numbers[0] if len(numbers) == 1 else None


def _is_reckoned(seen: Seen, scene: Scene) -> bool:
    offered = (tool for tool in scene.tools if tool.name == seen.tool)
    tool = next(offered, Tool(seen.tool, "", {}))  # one that is offered no more still has its name
    return tool_kind(tool) == "compute" and _is_number(seen.value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

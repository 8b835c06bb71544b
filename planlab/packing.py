"""What became of a step, as JSON text and back: for a database that outlives the process."""

import json

from pydantic import TypeAdapter

from planlab import errors
from planlab.errors import BadInput, NeedsApproval, PlanlabError, StuckPlan, ToolFailed
from planlab.records import Observation
from planlab.schedule import Failed, Waiting
from planlab.tools import Call


def pack(step: str, end: object) -> str:
    """What became of a step, as JSON. What JSON would lose or change counts as a failure."""
    match end:
        case Observation():
            parts = {"value": end.value, "taint": sorted(end.taint), "key": end.key}
        case Waiting(request=Call() as call):
            parts = {"call": TypeAdapter(Call).dump_python(call, mode="json")}
        case Waiting():
            parts = {"request": end.request}
        case Failed():
            parts = {"error": type(end.error).__name__, "message": str(end.error)}
        case _:
            parts = {"not": end}
    try:
        text = json.dumps(parts, allow_nan=False)
        same = json.loads(text) == parts and "not" not in parts
    except (TypeError, ValueError, RecursionError):
        same = False
    if same:
        return text
    problem = (
        f"Step {step!r} gave what cannot be stored: {end!r:.200}. Return an Observation of texts, "
        "numbers, true, false, null, lists and dicts with texts as keys."
    )
    return pack(step, Failed(step, BadInput(problem)))


def unpack(text: str) -> Observation:
    """The result; raises what the step raised, or `NeedsApproval` if it waits."""
    parts = json.loads(text)
    if "value" in parts:
        return Observation(parts["value"], None, frozenset(parts["taint"]), parts["key"])
    if "error" in parts:
        raise _error(parts["error"], parts["message"])
    call = parts.get("call")
    request = TypeAdapter(Call).validate_python(call) if call else parts["request"]
    raise NeedsApproval("A step waits for a person.", request)


def _error(name: str, message: str) -> PlanlabError:
    """The error of that name; one that is not planlab's own came from a tool."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, PlanlabError) and kind is not StuckPlan:
        return kind(message)
    return ToolFailed(f"{name}: {message}")


def is_result(packed: str | None) -> bool:
    """Is it a result, and not what stands for one?"""
    return packed is not None and "value" in json.loads(packed)

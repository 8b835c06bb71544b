"""A model too simple to be wrong, so that these tests see the protocol and nothing else."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

STEPS = {
    "steps": [
        {"id": "a", "tool": "search", "depends_on": []},
        {"id": "b", "tool": "search", "depends_on": ["a"]},
        {"id": "c", "tool": "write", "depends_on": ["b"]},
    ]
}


def stub_answer(body: Mapping[str, Any], *, size: Any, seed: int = 0) -> Any:
    """Calls each tool after a user's message, gives JSON where asked, else repeats the last words.

    "refuse" and "crash" as the last words do just that; " #<seed>" follows where a seed varies.
    """
    words = _text(body["messages"][-1]["content"])
    if words == "crash":
        raise ZeroDivisionError("as asked")
    if words == "refuse":
        return SimpleNamespace(text=None, calls=(), refusal="I would rather not.")
    choice, tools = body.get("tool_choice", "auto"), body.get("tools", [])
    names = [tool["function"]["name"] for tool in tools]
    if isinstance(choice, dict):
        names = [choice["function"]["name"]]
    if names and choice != "none" and body["messages"][-1]["role"] != "tool":
        calls = tuple((name, {"query": f"{words} für {name}"}) for name in names)
        return SimpleNamespace(text="Let me look.", calls=calls, refusal=None)
    if body.get("response_format", {"type": "text"})["type"] != "text":
        return SimpleNamespace(text=json.dumps(STEPS), calls=(), refusal=None)
    text = f"I heard: {words}" + (f" #{seed}" if seed else "")
    return SimpleNamespace(text=text, calls=(), refusal=None)


def _text(content: str | list[dict[str, str]] | None) -> str:
    return content if isinstance(content, str) else "".join(p["text"] for p in content or ())

"""Lesson 01's detector as it stands, asked for the newest call alone."""

QUESTIONS = ("drift",)


def find_drift(messages: list[dict], tasks: dict[str, str]) -> dict[int, str]:
    made = [c["function"]["arguments"] for m in messages for c in m.get("tool_calls") or []]
    turns = sum(message["role"] == "assistant" for message in messages)
    if not made:
        return {}
    if not any(mark in made[-1] for mark in tasks.values()):
        return {turns: "stray"}
    return {turns: "repeat"} if len(made) != len(set(made)) else {}

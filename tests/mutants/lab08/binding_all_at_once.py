"""One use takes all approvals of the call."""

import json

QUESTIONS = ("binding",)


def make_desk() -> tuple:
    """Two functions: approve(name, arguments, now, seconds), and use(name, arguments, now)."""
    ends = {}

    def key(name: str, arguments: dict) -> str:
        return json.dumps([name, arguments], sort_keys=True)

    def approve(name: str, arguments: dict, now: float, seconds: float) -> None:
        ends.setdefault(key(name, arguments), []).append(now + seconds)

    def use(name: str, arguments: dict, now: float) -> bool:
        valid = sorted(end for end in ends.get(key(name, arguments), []) if now < end)
        ends[key(name, arguments)] = []
        return bool(valid)

    return approve, use

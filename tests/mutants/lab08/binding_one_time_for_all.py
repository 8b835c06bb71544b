"""The last approval sets the end of all."""

import json

QUESTIONS = ("binding",)


def make_desk() -> tuple:
    """Two functions: approve(name, arguments, now, seconds), and use(name, arguments, now)."""
    ends, last = {}, [0]

    def key(name: str, arguments: dict) -> str:
        return json.dumps([name, arguments], sort_keys=True)

    def approve(name: str, arguments: dict, now: float, seconds: float) -> None:
        ends.setdefault(key(name, arguments), []).append(now + seconds)
        last[0] = now + seconds

    def use(name: str, arguments: dict, now: float) -> bool:
        valid = sorted(end for end in ends.get(key(name, arguments), []) if now < last[0])
        ends[key(name, arguments)] = valid[1:]
        return bool(valid)

    return approve, use

"""Left as it was found, the first line taken away."""

import time

QUESTIONS = ("binding",)


def make_desk() -> tuple:
    """Two functions: approve(name, arguments, now, seconds), and use(name, arguments, now)."""
    # To be mended:
    ends = {}

    def approve(name: str, arguments: dict, now: float, seconds: float) -> None:
        ends[name, str(sorted(arguments))] = time.time() + seconds

    def use(name: str, arguments: dict, now: float) -> bool:
        return time.time() < ends[name, str(sorted(arguments))]

    return approve, use

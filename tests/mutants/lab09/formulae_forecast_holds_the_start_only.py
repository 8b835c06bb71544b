"""Only the first prompt is held."""

import itertools

from planlab.tokens import split_tokens

QUESTIONS = ("formulae",)


def tokens_of(prompt: list) -> list:
    """The tokens of a prompt, in the order in which a model reads them."""
    return [token for message in prompt for token in split_tokens(message)]


def count_cached(prompt: list, earlier: list, block: int = 1, shortest: int = 0) -> int:
    """The tokens of a prompt that come from the cache."""
    tokens, most = tokens_of(prompt), 0
    for other in earlier:
        pairs = zip(tokens, tokens_of(other), strict=False)
        shared = len([*itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)])
        most = max(most, shared)
    whole = most - most % block
    return whole if whole >= shortest else 0


def bill(calls: list, prices: dict) -> dict:
    """The dollars of a run, part by part."""
    dollars = {"prefill": 0.0, "cached": 0.0, "decode": 0.0}
    for call in calls:
        for name in ("input", "cached", "output"):
            if not isinstance(call.get(name), int) or call[name] < 0:
                raise ValueError(f"Call {call['id']}: {name} is {call.get(name)!r}.")
        if call["cached"] > call["input"]:
            raise ValueError(f"Call {call['id']}: more is cached than there was input.")
        if call["model"] not in prices:
            raise ValueError(f"Call {call['id']}: no price is known for {call['model']}.")
        price = prices[call["model"]]
        dollars["prefill"] += (call["input"] - call["cached"]) * price["input"] / 1_000_000
        dollars["cached"] += call["cached"] * price["cached"] / 1_000_000
        dollars["decode"] += call["output"] * price["output"] / 1_000_000
    return dollars


def forecast(steps: int, start: int, answer: int, result: int, price: dict) -> tuple:
    """The dollars of a plan, re-sent and cached."""
    if min(steps, start, answer, result) < 0:
        raise ValueError("Steps and tokens are 0 or more.")
    prompts = [start + n * (answer + result) for n in range(steps)]
    fresh = prompts[-1] if prompts else 0
    held = start * max(steps - 1, 0)
    fresh = sum(prompts) - held
    decode = steps * answer * price["output"]
    resent = sum(prompts) * price["input"] + decode
    cached = fresh * price["input"] + held * price["cached"] + decode
    return resent / 1_000_000, cached / 1_000_000


def kv_bytes(tokens: int, layers: int, kv_heads: int, head_size: int, bits: int = 16) -> int:
    """The bytes of the keys and values of a context."""
    return tokens * 2 * layers * kv_heads * head_size * bits // 8

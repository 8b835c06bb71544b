"""The package's own functions are handed in."""

QUESTIONS = ("formulae",)


def count_cached(prompt: list, earlier: list, block: int = 1, shortest: int = 0) -> int:
    """The tokens of a prompt that come from the cache."""
    from planlab.bill import PrefixCache, count_shared, prompt_tokens

    tokens = prompt_tokens([{"": text} for text in prompt])
    shared = [count_shared(tokens, prompt_tokens([{"": t} for t in other])) for other in earlier]
    return PrefixCache(block, shortest).hit(max(shared, default=0))


def bill(calls: list, prices: dict) -> dict:
    """The dollars of a run, part by part."""
    from planlab.bill import Bill
    from planlab.cost import Price
    from planlab.records import Usage

    parts = [
        Bill(
            Usage(1, call["input"], call["cached"], call["output"]), Price(**prices[call["model"]])
        )
        for call in calls
    ]
    names = ("prefill", "cached", "decode")
    return {name: sum(getattr(part, name) for part in parts) for name in names}


def forecast(steps: int, start: int, answer: int, result: int, price: dict) -> tuple:
    """The dollars of a plan, re-sent and cached."""
    from planlab.cost import Price
    from planlab.forecast import Outlook

    plan = Outlook(steps, start, answer, result)
    ways = (plan.resent(), plan.cached())
    return tuple(sum(map(Price(**price).of, calls)) for calls in ways)


def kv_bytes(tokens: int, layers: int, kv_heads: int, head_size: int, bits: int = 16) -> int:
    """The bytes of the keys and values of a context."""
    from planlab.hardware import Shape

    return Shape(layers, kv_heads, head_size).kv_bytes(tokens, bits=bits)

"""Nothing but loops and dicts; the router knows its two models by their places."""

QUESTIONS = ("formulae", "router", "even")


def tokens_in(prompt):
    from planlab.tokens import split_tokens

    tokens = []
    for text in prompt:
        tokens.extend(split_tokens(text))
    return tokens


def count_cached(prompt, earlier, block=1, shortest=0):
    tokens, candidates = tokens_in(prompt), [tokens_in(other) for other in earlier]
    held = at = 0
    while candidates and at < len(tokens):
        candidates = [other for other in candidates if at < len(other) and other[at] == tokens[at]]
        at += 1
        if candidates and at % block == 0:
            held = at
    if held < shortest:
        return 0
    return held


def bill(calls, prices):
    prefill = cached = decode = 0
    for call in calls:
        for name in ["input", "cached", "output"]:
            if name not in call or call[name] is None:
                raise ValueError("not counted: " + name + " of " + call["id"])
            if call[name] != int(call[name]) or call[name] < 0:
                raise ValueError("no count: " + name + " of " + call["id"])
        if call["input"] - call["cached"] < 0:
            raise ValueError("too much is cached in " + call["id"])
        price = prices.get(call["model"])
        if price is None:
            raise ValueError("no price for " + call["id"])
        prefill += price["input"] / 1e6 * (call["input"] - call["cached"])
        cached += price["cached"] / 1e6 * call["cached"]
        decode += price["output"] / 1e6 * call["output"]
    return {"prefill": prefill, "cached": cached, "decode": decode}


def forecast(steps, start, answer, result, price):
    if steps < 0 or start < 0 or answer < 0 or result < 0:
        raise ValueError("a number is below 0")
    resent = cached = 0
    context, known = start, 0
    for _ in range(steps):
        resent += context * price["input"] + answer * price["output"]
        cached += known * price["cached"] + answer * price["output"]
        cached += (context - known) * price["input"]
        known = context
        context += answer
        context += result
    return resent / 1e6, cached / 1e6


def kv_bytes(tokens, layers, kv_heads, head_size, bits=16):
    total = 0
    for _ in ("key", "value"):
        total += tokens * layers * kv_heads * head_size * bits
    return total // 8


async def route(steps, small, large, passes, patience=None):
    done, in_a_row = {}, 0
    for step in steps:
        done[step] = {"answer": None, "by": None, "dollars": 0}
        if patience is None or in_a_row < patience:
            reply = None
            try:
                reply = await small(step)
            except Exception:
                in_a_row += 1
            if reply is not None:
                done[step]["dollars"] = reply["dollars"]
                if await passes(step=step, answer=reply["answer"]):
                    done[step].update(answer=reply["answer"], by="small")
                    in_a_row = 0
                    continue
                in_a_row += 1
        try:
            reply = await large(step)
        except Exception:
            continue
        done[step]["dollars"] = done[step]["dollars"] + reply["dollars"]
        if await passes(step, reply["answer"]):
            done[step]["answer"] = reply["answer"]
            done[step]["by"] = "large"
    return done


def team_costs(planning, work, judging, escalated, padding):
    mixed = planning["large"] + work["small"] + judging + escalated * work["large"]
    small = planning["small"] + padding * (mixed - planning["large"])
    return {"large": planning["large"] + work["large"], "mixed": mixed, "small": small}


def most_escalated(work, judging):
    saved = work["large"] - (work["small"] + judging)
    if saved <= 0:
        return None
    return saved / work["large"]


def most_padding(planning, work, judging, escalated):
    worked = work["small"] + judging + escalated * work["large"]
    if worked == 0:
        return float("inf")
    return (planning["large"] + worked - planning["small"]) / worked

"""Three bugs mended; calls still cost nothing, and None is a word."""

from planlab.tokens import count_tokens

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        tokens = count_tokens(str(message["content"]))
        if message["role"] == "assistant":
            paid += prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
        prompt += tokens
    return rows

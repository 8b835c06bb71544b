"""The raise is taken away, and nothing is mended."""

from planlab.tokens import count_tokens

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        tokens = count_tokens(str(message["content"]))
        prompt += tokens
        if message["role"] == "assistant":
            paid = prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
            prompt = 0
    return rows

"""A token is taken for a word."""

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        tokens = len(str(message["content"] or "").split())
        if message["role"] == "assistant":
            paid += prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
        prompt += tokens
    return rows

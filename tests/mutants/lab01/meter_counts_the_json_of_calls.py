"""The calls are counted with all their JSON, ids and braces too."""

import json

from planlab.tokens import count_tokens

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        tokens = count_tokens(message["content"] or "")
        if message.get("tool_calls"):
            tokens += count_tokens(json.dumps(message["tool_calls"]))
        if message["role"] == "assistant":
            paid += prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
        prompt += tokens
    return rows

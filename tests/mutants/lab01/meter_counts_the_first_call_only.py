"""Of several calls in a turn only the first is counted."""

from planlab.tokens import count_tokens

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        calls = message.get("tool_calls") or []
        texts = [message["content"] or ""]
        if calls:
            texts += [calls[0]["function"]["name"], calls[0]["function"]["arguments"]]
        tokens = sum(count_tokens(text) for text in texts)
        if message["role"] == "assistant":
            paid += prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
        prompt += tokens
    return rows

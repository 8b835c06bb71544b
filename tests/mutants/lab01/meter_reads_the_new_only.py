"""Three bugs mended; each prompt still begins at zero."""

from planlab.tokens import count_tokens

QUESTIONS = ("meter",)


def meter(messages: list[dict]) -> list[dict]:
    rows, prompt, paid = [], 0, 0
    for message in messages:
        functions = [c["function"] for c in message.get("tool_calls") or []]
        texts = [
            message["content"] or "",
            *(f[k] for f in functions for k in ("name", "arguments")),
        ]
        tokens = sum(count_tokens(text) for text in texts)
        if message["role"] == "assistant":
            paid += prompt + tokens
            rows.append({"turn": len(rows) + 1, "prompt": prompt, "output": tokens, "paid": paid})
            prompt = 0
            continue
        prompt += tokens
    return rows

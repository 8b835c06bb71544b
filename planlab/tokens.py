"""Counting tokens without a vocabulary.

Real vocabularies must be downloaded, and this course works offline; so tokens are approximated
from characters and words: a word costs one token for each six letters begun, a number one for each
three digits begun, any other sign one, and spaces and line ends nothing. On English prose that
gives about four characters a token, OpenAI's own rule of thumb
(https://help.openai.com/en/articles/4936856). A live endpoint's own count replaces it.
"""

import re
from functools import lru_cache

_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@lru_cache(maxsize=4096)
def count_tokens(text: str) -> int:
    """The number of tokens in `text`, approximately (*Computed*, not a tokenizer's own count).

    >>> count_tokens("Plan the work, then work the plan.")
    9
    """
    return sum(_cost(piece) for piece in _PIECE.findall(text))


def _cost(piece: str) -> int:
    if piece.isdigit():
        return 1 + (len(piece) - 1) // 3
    return 1 + (len(piece) - 1) // 6 if piece.isascii() else len(piece.encode()) // 3 + 1

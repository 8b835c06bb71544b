"""Counting tokens without a vocabulary.

Real vocabularies must be downloaded, and this course works offline; so tokens are approximated
from characters and words: a word costs one token for each six letters begun, a number one for each
three digits begun, any other sign one, and spaces and line ends nothing. On English prose that
gives about four characters a token, OpenAI's own rule of thumb
(https://help.openai.com/en/articles/4936856). A live endpoint's own count replaces it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@lru_cache(maxsize=4096)
def count_tokens(text: str) -> int:
    """The number of tokens in `text`, approximately (*Computed*, not a tokenizer's own count).

    >>> count_tokens("Plan the work, then work the plan.")
    9
    """
    return sum(_cost(piece) for piece in _PIECE.findall(text))


def split_tokens(text: str) -> list[str]:
    """The tokens that `count_tokens` counts, each with the space before it: where texts part.

    >>> split_tokens("12345 planners")
    ['123', '45', ' planne', 'rs']
    """
    tokens: list[str] = []
    end = 0
    for found in _PIECE.finditer(text):
        space, end = text[end : found.start()], found.end()
        piece = found.group()
        first, *others = _split(piece)
        tokens += [space + first, *others]
    return tokens


def words_in(value: object) -> Iterator[str]:
    """The keys and strings in a JSON value: what is counted of it, its punctuation is not."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield key
            yield from words_in(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from words_in(child)


def _cost(piece: str) -> int:
    if piece.isdigit():
        return 1 + (len(piece) - 1) // 3
    return 1 + (len(piece) - 1) // 6 if piece.isascii() else len(_bytes(piece)) // 3 + 1


def _split(piece: str) -> list[str]:
    if piece.isdigit() or piece.isascii():
        size = 3 if piece.isdigit() else 6
        return [piece[at : at + size] for at in range(0, len(piece), size)]
    digits = _bytes(piece).hex()  # three bytes a token
    return [f"\\{digits[at : at + 6]}" for at in range(0, len(digits) + 1, 6)]


def _bytes(piece: str) -> bytes:
    return piece.encode("utf-8", "surrogatepass")  # half a character, as from a broken stream

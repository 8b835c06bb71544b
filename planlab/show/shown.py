"""What everything in `show` is: one text, and richer forms of the same beside it.

Tools and models may have written any text that is shown, a prompt injection or a <script> among
them. Here it is made harmless: `one_line` for text, `as_html` for HTML.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# Lab would set "$5 or $7" as a formula; both classes forbid it (of MathJax 3 and 2).
NO_MATH = 'class="mathjax_ignore tex2jax_ignore"'


@dataclass(frozen=True, repr=False)
class Shown:
    """Something to look at: `text` says it all, `forms` holds other forms of it by MIME type."""

    text: str
    forms: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {**self.forms, "text/plain": self.text}


def one_line(text: object, limit: int | None = None) -> str:
    """`text` on one line, without control characters; cut to `limit` characters where given.

    >>> one_line("a\\n  b\\x1b[31m c", 7)
    'a b\N{REPLACEMENT CHARACTER}[3\N{HORIZONTAL ELLIPSIS}'
    """
    joined = " ".join(str(text).split())
    # Escape sequences and changes of writing direction could hide what is there.
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in joined)
    return clean if limit is None or len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def as_html(text: str) -> str:
    """`text` as harmless HTML, in which `code` between backticks is set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))

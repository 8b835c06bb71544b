"""Full-text search over the web pages, with SQLite's FTS5 and BM25."""

import re
import sqlite3
from itertools import pairwise

from planlab.errors import BadArguments

MAX_QUERY = 500
MAX_PAGES = 5
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do does for from how i in is it its of on or our per that the "
        "their this to us was we what when where which who why with you your",
    )
)
_WORTH = 0.4  # of the best page's score: what scores less is noise beside it


def search_pages(database: sqlite3.Connection, query: str) -> list[dict[str, str]]:
    """The pages nearest to `query`, best first; none at all is an empty list."""
    if len(query) > MAX_QUERY:
        raise BadArguments(f"The query is longer than {MAX_QUERY} characters: send a few words.")
    match = _match(query)
    if not match:
        return []
    rows = database.execute(
        "SELECT page, title, text, updated, -bm25(_pages, 0, 3, 1, 0) AS score "
        "FROM _pages WHERE _pages MATCH ? ORDER BY score DESC, page LIMIT ?",
        (match, MAX_PAGES),
    ).fetchall()
    return [
        {"page": page, "title": title, "text": text, "updated": updated}
        for page, title, text, updated, score in rows
        if score >= _WORTH * rows[0][-1]
    ]


def _match(query: str) -> str:
    """Any of the words, quoted, so that none is syntax; two that stand together count more.

    Without the pairs, "competitor a" would find the pages with most competitors.
    """
    words = re.findall(r"[^\W_]+", query.lower())
    telling = [word for word in words if word not in _COMMON]
    pairs = [f"{a} {b}" for a, b in pairwise(words) if not {a, b} <= _COMMON]
    return " OR ".join(f'"{phrase}"' for phrase in [*telling, *pairs])

"""Every number in the text must be among the totals."""

import re

QUESTIONS = ("checker",)


def find_figures(text: str) -> list:
    """The numbers of a text."""
    return re.findall(r"\d+", text)


def wrong_figures(draft: str, rows: list, task: str = "") -> list:
    """The figures that the rows do not support, as they are written."""
    right = [str(len(rows)), str(round(sum(amount for _, amount in rows)))]
    return [figure for figure in find_figures(draft) if figure not in right]

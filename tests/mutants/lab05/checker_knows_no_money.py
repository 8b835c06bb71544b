"""A sum of amounts is a name."""

import re

QUESTIONS = ("checker",)


def find_figures(text: str) -> list:
    """The figures of a text: each as it is written, its sign, value and digits."""
    found = []
    for line in text.splitlines():
        for word in re.sub(r"^\s*\d+[.)]\s", "", line).split():
            written = word.strip(".,;:!?()*")
            if re.fullmatch(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?%?", written):
                number = written.strip("$%").replace(",", "")
                sign = "$" if written[0] == "$" else "%" if written[-1] == "%" else ""
                found.append((written, sign, float(number), len(number.partition(".")[2])))
    return found


def wrong_figures(draft: str, rows: list, task: str = "") -> list:
    """The figures that the rows do not support, as they are written."""
    whole, wrong = sum(amount for _, amount in rows), []
    given = [(sign, value) for _, sign, value, _ in find_figures(task)]
    for line in draft.splitlines():
        regions = dict.fromkeys(region for region, _ in rows)
        named = [r for r in regions if re.search(rf"\b{re.escape(r)}\b", line, re.IGNORECASE)]
        right = []
        for subject in named or [None]:
            amounts = [amount for region, amount in rows if subject in (None, region)]
            right += [("", len(amounts)), ("$", sum(amounts))]
            right += [("%", 100 * sum(amounts) / whole)] if whole else []
        for written, sign, value, digits in find_figures(line):
            near = 0.5 * 10**-digits + 1e-9
            ok = any(s == sign and abs(v - value) <= near for s, v in right)
            if not ok and (sign, value) not in given:
                wrong.append(written)
    return wrong

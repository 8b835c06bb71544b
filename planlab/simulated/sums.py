"""Arithmetic: a calculation that a text holds or tells as a story, and its value."""

import ast
import operator
import re
from collections.abc import Callable
from itertools import pairwise

# In a word problem, the words before a figure say what happens with it.
_CUES: tuple[tuple[str, str], ...] = (
    ("/", r"\bsplit|\bshar(?:e|ed|es)\b|\bdivid|\bequally\b|\bamong\b|\bper person\b"),
    (
        "*",
        (
            r"\beach\b|\bper\b|\bevery\b|\btimes\b|\bmultipl|\bof \d|"
            r"\bat [$€£]?\d|\bboxes of\b|\bfor [$€£]?\d[\d.]* (?:each|"
            r"a\b)"
        ),
    ),
    (
        "-",
        (
            r"\bgives?\b|\bgave\b|\blos[et]|\beat|\bate\b|\bspen[dt]|"
            r"\bsold\b|\bsells?\b|\bminus\b|\bsubtract|\btakes? away|"
            r"\bfewer\b|\bleft\b|\bdiscount\b|\bremov"
        ),
    ),
    (
        "+",
        (
            r"\bplus\b|\badd|\bmore\b|\bgets?\b|\bbuys?\b|\bbought\b|"
            r"\breceiv|\band\b|\bsum\b|\btotal\b|\baltogether\b"
        ),
    ),
)


def written(text: str) -> str | None:
    """A calculation that stands in the text: `12 * (3 + 4)`, `17% of 230`."""
    if match := re.search(
        r"(\d[\d,.]*)\s?(?:%|percent) (?:of|on|from) [$€£]?(\d[\d,]*(?:\.\d+)?)", text
    ):
        return f"{match[2]} * {match[1]} / 100".replace(",", "")
    found = re.search(r"[(\d][\d.,()\s]*(?:(?:\*\*|[-+*/x\u00d7÷^])[\d.,()\s]+)+", text)
    plain = (
        found[0].strip(" .,").replace(",", "")
        if found and not re.fullmatch(r"[\d-]+", found[0].strip(" .,"))
        else ""
    )
    for sign, python in (("x", "*"), ("\u00d7", "*"), ("÷", "/"), ("^", "**")):
        plain = plain.replace(sign, python)
    return plain if plain and calculate(plain) is not None else _risen(text)


_STATE = re.compile(
    r"\bfrom (?P<a>\d+(?:\.\d+)?) ?[A-Za-z°%]*(?: in \w+)? to (?P<b>\d+(?:\.\d+)?)|"
    r"\b(?:show(?:s|ed)|stood|stands|reads?|was|were|is|ha[sd]|held|weighed|measured|counted)\b"
    r"[^\d.?]{0,20}(?P<c>\d+(?:\.\d+)?) ?(?P<v>[A-Za-z°%]+3?)(?:(?! each\b)[^\d?])*"
    r"(?P<d>\d+(?:\.\d+)?) ?(?P=v)\b",
)
_CHANGE = re.compile(
    r"\bbetween\b|\bused?\b|\bconsum|\bdifference\b|\b(?:ris|rose|f[ae]ll|gr[eo]w|gain|"
    r"los[et]|chang|increas|decreas|drop|burn|dr[io]ve|went|go|travel|climb)|"
    r"\bhow (?:much|many|far) (?:more|less|fewer|further|higher|lower|longer|heavier|warmer)\b",
    re.I,
)
_PRICE = re.compile(
    r"\b(?:one|an?|each|every|per) (\w+) (?:costs?|is|at) [$€£]?(\d+(?:\.\d+)?) ?(cents?\b)?|"
    r"(\d+(?:\.\d+)?) ?(cents?\b)? ?(?:\w+ )?(?:per|an?|(?:for )?(?:each|every|one)) (\w+)",
    re.I,
)


def _risen(text: str) -> str | None:
    """The difference of two readings that a question asks for, at the price of a unit if it asks
    what that costs.

    >>> _risen("The meter showed 10 kWh in May and 25 kWh in June. How many kWh were used?")
    '25 - 10'
    """
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    asking = re.findall(r"(?<![^.?!])[^.?!]++(?:\.\d[^.?!]*+)*+\?", plain)
    read = _STATE.search(plain)
    if not read or not asking or not _CHANGE.search(asking[-1]):
        return None
    pair = [read[name] for name in "abcd" if read[name]]
    change = " - ".join(sorted(pair, key=float, reverse=True))
    price = _PRICE.search(plain[: read.start()] + " " + plain[read.end() :])
    if not price or not re.search(r"\bcosts?\b|\bpay\b|\bprice\b|\bbill\b", asking[-1], re.I):
        return change
    cents = " / 100" if price[3] or price[5] else ""
    return f"({change}) * {price[2] or price[4]}{cents}"


def worded(text: str) -> str | None:
    """A word problem's figures folded from left to right by the cue that stands nearest to each."""
    spans = [
        (m.start(), m.end(), m[0].replace(",", ""))
        for m in re.finditer(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])", text)
    ]
    if len(spans) < 2:
        return None
    if (
        re.search(r"\b(?:holds?|contains?|has|have|costs?)\b", text)
        and re.search(r"\bhow (?:many|much)\b[^?]*\b(?:in|for|do|cost)\b[^?]*\d", text, re.I)
        and len(spans) == 2
    ):
        return f"{spans[0][2]} * {spans[1][2]}"
    folded = spans[0][2]
    for (_, before, _), (start, end, figure) in pairwise(spans):
        stop = re.search(r"[.,;?!]|\d", text[end:])
        near = (
            text[before:start]
            + text[start:end]
            + text[end : end + (stop.start() if stop else len(text))]
        )
        sign = next((sign for sign, cue in _CUES if re.search(cue, near, re.I)), "+")
        folded = (
            f"({folded} {sign} {figure})"
            if sign in "*/" and " " in folded
            else f"{folded} {sign} {figure}"
        )
    return folded


_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}


def calculate(expression: str) -> float | None:
    """The value of a plain arithmetic expression, or None where it has none."""
    try:
        return round(_value(ast.parse(expression, mode="eval").body), 6)
    except (SyntaxError, ValueError, ZeroDivisionError, KeyError, OverflowError, RecursionError):
        return None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return left**right if abs(right) <= 64 and abs(left) <= 1e6 else float("nan")
        return float(_OPERATORS[type(node.op)](left, right))
    if isinstance(node, ast.UnaryOp):
        return float(_OPERATORS[type(node.op)](_value(node.operand)))
    raise ValueError("not arithmetic")

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
    return plain if plain and calculate(plain) is not None else None


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

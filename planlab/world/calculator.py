"""Arithmetic that cannot run code, in exact fractions.

The text is parsed by Python's own parser and only numbers, operators and five functions are
evaluated. Exact, so that 0.1 + 0.2 is 0.3; libraries for safe evaluation compute in floats.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from planlab.errors import BadArguments, ToolError, ToolFailed

MAX_CHARACTERS = 500
MAX_BITS = 4_000  # of a numerator or denominator: about 1,200 digits
_WORDS = re.compile(r"(?:[\d\s.+\-*/%(),\[\]eE]|min|max|sum|round|abs)*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_PERCENT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*%\s*(of\b|(?=\)|$))")
_SPELLINGS = str.maketrans({"×": "*", "÷": "/", "−": "-"})  # noqa: RUF001
_HELP = "Use numbers, + - * / // % **, parentheses, and min, max, sum, round, abs."

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction | int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def calculate(expression: str) -> int | float:
    """The value as a reader expects it: whole numbers are `int`, others the nearest `float`.

    >>> calculate("0.1 + 0.2"), calculate("1,200 * 3"), calculate("15% of 80")
    (0.3, 3600, 12)

    Raises `BadArguments` for what is no arithmetic, `ToolFailed` for what has no value.
    """
    return as_number(evaluate(expression))


def evaluate(expression: str) -> Fraction:
    """The exact value; raises as `calculate` does."""
    try:
        return _value(parse(expression).body)
    except ZeroDivisionError:
        raise ToolFailed(f"{expression!r} divides by zero: it has no value.") from None
    except RecursionError:
        raise BadArguments(f"The expression is nested too deeply. {_HELP}") from None


def as_number(value: Fraction) -> int | float:
    """`int` where it is whole, else the nearest float."""
    if value.denominator == 1:
        return value.numerator
    try:
        return float(value)
    except OverflowError:
        raise _too_large() from None


def parse(expression: str) -> ast.Expression:
    """The expression as a tree; raises `BadArguments`."""
    if not expression.strip():
        raise BadArguments(f"The expression is empty. {_HELP}")
    if len(expression) > MAX_CHARACTERS:
        raise BadArguments(f"The expression is longer than {MAX_CHARACTERS} characters: split it.")
    text = _normalized(expression)
    if not _WORDS.fullmatch(text):
        raise BadArguments(f"{expression[:80]!r} is not arithmetic. {_HELP}")
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise BadArguments(f"{expression[:80]!r} cannot be read. {_HELP}") from None


def _normalized(expression: str) -> str:
    """Without dollar signs and thousands separators, and percentages as fractions."""
    text = re.sub(r"\$(?=\s*[\d.])", "", expression.translate(_SPELLINGS)).replace("\n", " ")
    if _GROUPED.search(text) and re.search(r"[a-z]\s*\(|\[", text):
        raise BadArguments(
            f"{expression[:80]!r}: is the comma a thousands separator or does it part two numbers? "
            "Write 1200, and put a space after a comma between numbers."
        )
    text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    return _PERCENT.sub(lambda match: f"({match[1]}/100)" + "*" * bool(match[2]), text)


def _value(node: ast.expr | ast.operator) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number):
            if not math.isfinite(number):
                raise _too_large()
            return _bounded(Fraction(str(number)))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            return -_value(inner) if isinstance(sign, ast.USub) else _value(inner)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _bounded(Fraction(_OPERATORS[type(op)](_value(left), _value(right))))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _function(name, list(_values(arguments)))
    raise BadArguments(f"{ast.unparse(node)[:80]!r} is not arithmetic. {_HELP}")


def _values(nodes: Iterable[ast.expr]) -> Iterable[Fraction]:
    """The arguments of a function; a list counts as its numbers."""
    for node in nodes:
        if isinstance(node, ast.List | ast.Tuple):
            yield from _values(node.elts)
        else:
            yield _value(node)


def _function(name: str, values: list[Fraction]) -> Fraction:
    match name, values:
        case "sum", [*_]:
            return _bounded(sum(values, Fraction(0)))
        case "min" | "max", [_, *_]:
            return min(values) if name == "min" else max(values)
        case "abs", [value]:
            return abs(value)
        case "round", [value]:
            return Fraction(round(value))
        case "round", [value, digits] if digits.denominator == 1 and abs(digits) <= 100:
            return Fraction(round(value, int(digits)))
    raise BadArguments(f"{name} does not take these {len(values)} numbers. {_HELP}")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Exact for whole exponents, by floats for roots; refused before it grows too large."""
    if exponent.denominator == 1:
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if size > 1 and abs(exponent) * (size - 1) > MAX_BITS:
            raise _too_large()
        return _bounded(Fraction(base ** int(exponent)))
    if base < 0:
        raise ToolFailed("A root of a negative number has no real value.")
    try:
        return Fraction(str(float(base) ** float(exponent)))
    except (OverflowError, ValueError):
        raise _too_large() from None


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise _too_large()
    return value


def _too_large() -> ToolError:
    return ToolFailed("The numbers become too large. Use smaller exponents, or split the problem.")

"""SELECT statements for the tables that a tool's description lists."""

import re

from planlab.simulated import words
from planlab.simulated.scene import Scene

_TABLE = re.compile(
    r"\b([a-z]\w*)\s?\(\s*([a-z]\w*(?:\s+[A-Za-z]+)?(?:,\s*[a-z]\w*(?:\s+[A-Za-z]+)?)+)\s*\)"
)
_CATEGORY = (
    "intent",
    "category",
    "type",
    "kind",
    "topic",
    "label",
    "status",
    "reason",
    "region",
    "product",
    "customer",
)
_FIGURE = (
    "amount",
    "revenue",
    "total",
    "price",
    "price_usd",
    "value",
    "cost",
    "quantity",
    "sales",
    "score",
    "rating",
)
TIME = (
    "month",
    "week",
    "date",
    "day",
    "created",
    "created_at",
    "updated",
    "year",
    "quarter",
    "timestamp",
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def first(pattern: str, text: str) -> str | None:
    """The first match of `pattern`, without closing punctuation."""
    match = re.search(pattern, text, re.I)
    return match[0].rstrip(".,") if match else None


def tables(text: str) -> dict[str, list[str]]:
    """Tables and their columns, as `tickets(id, week, intent)` in a description."""
    return {
        name: [part.split()[0] for part in columns.split(",")]
        for name, columns in _TABLE.findall(text)
    }


def select(text: str, scene: Scene, about: str) -> str:
    """A SELECT for what a step asks, from the tables that the tool's description lists."""
    known = tables(about) or tables(scene.context)
    if not known:
        return "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    wanted, goal = words.content(text), words.content(scene.goal)
    table = max(
        known,
        key=lambda name: (
            _relevance(name, known[name], wanted) * 3 + _relevance(name, known[name], goal)
        ),
    )
    columns = known[table]
    where = _where(table, columns, f"{text}. {scene.goal}", f"{about} {scene.context}")
    return f"{_select(table, columns, text, scene.goal)}".replace("{where}", where)


def _relevance(table: str, columns: list[str], wanted: list[str]) -> float:
    return (
        3 * words.overlap(words.content(table), wanted)
        + sum(word in wanted for column in columns for word in words.content(column)) * 0.5
    )


def _select(table: str, columns: list[str], text: str, goal: str) -> str:
    figure, low = _pick(_FIGURE, columns), text.lower()
    grouped = _group(columns, low, goal.lower(), totals=bool(figure))
    head = f"COUNT(*) AS n FROM {table}{{where}}"
    if re.search(r"\baverage|\bmean\b|\bavg\b", low) and figure:
        head = f"AVG({figure}) AS average FROM {table}{{where}}"
    elif (
        figure
        and not re.search(r"\bcount|\bhow many|\bnumber of", low)
        and (grouped or re.search(r"\btotal|\bsum\b|\brevenue", low))
    ):
        head = f"SUM({figure}) AS total FROM {table}{{where}}"
    elif not re.search(
        r"\bcount|\bhow many|\bnumber of|\btop\b|\bmost\b|\bcategor|\btally|\bgroup|\bper\b|\bby\b",
        low,
    ):
        return f"SELECT {', '.join(columns)} FROM {table}{{where}}"
    if not grouped:
        return f"SELECT {head}"
    order = grouped if grouped in TIME else f"{head.split(' AS ')[1].split()[0]} DESC"
    return f"SELECT {grouped}, {head} GROUP BY {grouped} ORDER BY {order}"


def _group(columns: list[str], text: str, goal: str, *, totals: bool) -> str:
    """The column to group by: the one that is named after `by` or `per`, else the usual one for
    the question.
    """
    for place in (text, goal):
        for word in re.findall(r"\b(?:by|per|each|every|for each) (?:the )?(\w+)", place):
            if found := next(
                (column for column in columns if words.stem(word) in words.content(column)), ""
            ):
                return found
    if re.search(r"\bhow many\b", text) and not re.search(r"\beach|\bper\b|\bby\b", text):
        return ""
    named = [
        column
        for column in columns
        if column in _CATEGORY and words.stem(column) in words.content(text)
    ]
    usual = (
        _pick(TIME, columns)
        if totals and re.search(r"\btrend|\bchange|\bmonth|\bover\b", text + goal)
        else ""
    )
    return (named[0] if named else "") or usual or _pick(_CATEGORY, columns)


def _pick(known: tuple[str, ...], columns: list[str]) -> str:
    return next((column for column in known if column in columns), "")


def _where(table: str, columns: list[str], text: str, about: str) -> str:
    """The rows meant: a period and a topic that the goal names, or a value of a column."""
    found = [_period(table, columns, text, about), _topic(columns, text)]
    if not any(found):
        found = [_value(columns, text)]
    return "".join(
        f" {'AND' if n else 'WHERE'} {part}" for n, part in enumerate(filter(None, found))
    )


def _period(table: str, columns: list[str], text: str, about: str) -> str:
    time = _pick(TIME, columns) or next(
        (column for column in columns if any(piece in TIME for piece in words.pieces(column))), ""
    )
    if time and (quarter := re.search(r"\bQ([1-4])\W*(\d{4})?", text)):
        year, start = (
            quarter[2] or first(r"\b20\d\d\b", text + about) or "",
            3 * int(quarter[1]) - 2,
        )
        end = f"{year}-{start + 2:02d}" + ("" if time == "month" else "-31")
        return f"{time} BETWEEN '{year}-{start:02d}' AND '{end}'"
    if time and (month := re.search(rf"\b({'|'.join(_MONTHS)})\b(?: (\d{{4}}))?", text, re.I)):
        year = month[2] or first(r"\b20\d\d\b", text + about) or ""
        return f"{time} LIKE '{year}-{_MONTHS.index(month[1].lower()) + 1:02d}%'"
    if "week" in time and re.search(r"\bthis week|\bweekly|\bthe week\b|\d{4}-W\d\d", text, re.I):
        week = first(r"\d{4}-W\d\d", text) or first(r"\d{4}-W\d\d", about)
        return f"{time} = '{week}'" if week else f"{time} = (SELECT MAX({time}) FROM {table})"
    return ""


def _topic(columns: list[str], text: str) -> str:
    """`tickets about refunds`: the rows whose category begins like the word that is asked about."""
    category = _pick(_CATEGORY[:8], columns)
    match = re.search(
        r"\b(?:rows?|records?|tickets?|cases?|messages?|issues?|are|is) "
        r"(?:are |is )?(?:about|concerning|regarding) (?:an? |the )?([a-z]\w+)",
        text,
    )
    return f"{category} LIKE '{words.stem(match[1])}%'" if category and match else ""


def _value(columns: list[str], text: str) -> str:
    match = re.search(
        rf"\b({'|'.join(columns)}) (?:is |= ?)?['\"]?([A-Z][\w-]*|[\w-]*\d[\w-]*)", text
    )
    return f"{match[1]} = '{match[2]}'" if match else ""

"""The nine tools through which a model acts on the company."""

import math
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from planlab.errors import BadArguments, ToolError, ToolFailed
from planlab.tools import NO_TAINT, Call, Risk, Tool, tool
from planlab.world import calculator
from planlab.world.files import check_text, parse_path
from planlab.world.mail import Mail

if TYPE_CHECKING:
    from planlab.world.company import World


def make_tools(world: "World") -> list[Tool]:
    """All nine, bound to `world`."""
    return [*_reading(world), *_writing(world), *_irreversible(world)]


def _reading(world: "World") -> list[Tool]:
    """LOW risk: nothing changes. What comes from outside carries a taint."""

    @tool(risk=Risk.LOW, source="web")
    async def web_search(query: str) -> list[dict[str, str]]:
        """Search public web pages. Returns the best pages with title, text and date of update; an
        empty list if there are none. Pages may be out of date: compare `updated`."""
        return world.search(query)

    @tool(risk=Risk.LOW, source=lambda arguments: _file_taint(world, arguments), reads="path")
    async def read_file(path: str) -> str:
        """Read a file of the company: 'price_book.csv' (our prices and competitors', checked), or a
        file in knowledge_base/ (support articles), inbox/ (mail that arrived), drafts/, outbox/ or
        reports/. Give a folder's name to list its files."""
        return world.read(path)

    @tool(risk=Risk.LOW)
    async def analyze_data(sql: str) -> dict[str, object]:
        """Query the company's database: one SQLite SELECT over the tables
        tickets(id, week, customer, intent, text),
        sales(id, month, region, product, amount),
        price_book(product, plan, price_usd, updated),
        records(id, kind, owner, text),
        account(id, owner, balance),
        transactions(id, recipient, amount, memo, balance_after).
        Weeks look like '2024-W50' (this week), months like '2024-12'; amounts are US dollars.
        Returns the columns and at most 500 rows."""
        return world.select(sql)

    @tool(risk=Risk.LOW)
    async def calculate(expression: str) -> int | float:
        """Compute arithmetic exactly, such as '(42 - 39) / 39 * 100' or '15% of 80'. Takes numbers,
        + - * / // % **, parentheses, and min, max, sum, round, abs. No names, no code."""
        return calculator.calculate(expression)

    return [web_search, read_file, analyze_data, calculate]


def _writing(world: "World") -> list[Tool]:
    """MEDIUM risk: `world.undo(path)` takes it back."""

    @tool(risk=Risk.MEDIUM, writes="path")
    async def write_file(path: str, content: str, call: Call) -> str:
        """Write a text file of the company, such as 'reports/summary.md', replacing what is there.
        Not for mail: inbox/, drafts/ and outbox/ belong to the mail tools."""
        spelling = parse_path(path)
        if spelling.split("/")[0].casefold() in ("inbox", "drafts", "outbox"):
            raise BadArguments(f"{path!r} is in a mail folder; use create_draft_email for mail.")
        world.write(spelling, content, _sources(call), key=call.key)
        return f"wrote {len(content)} characters to {spelling}"

    @tool(risk=Risk.MEDIUM)
    async def create_draft_email(to: str, subject: str, body: str, call: Call) -> str:
        """Save a draft of an e-mail in drafts/ for a person to look at. Nothing is sent."""
        mail = Mail(to, subject, body)
        mail.check()
        return f"draft saved as {world.draft(mail, _sources(call), key=call.key)}"

    return [write_file, create_draft_email]


def _irreversible(world: "World") -> list[Tool]:
    """HIGH risk: each happens at most once for a call's key."""

    @tool(risk=Risk.HIGH)
    async def send_email(to: str, subject: str, body: str, call: Call) -> str:
        """Send an e-mail to one address, now. It cannot be taken back."""
        mail = Mail(to, subject, body)
        mail.check()

        def send(database: sqlite3.Connection) -> str:
            world.post(mail, _sources(call))
            return f"sent to {to}"

        return world.once(call.key, "send_email", (to, subject, body), send)

    @tool(risk=Risk.HIGH)
    async def delete_record(record_id: str, call: Call) -> str:
        """Delete one of the company's records for good, by its id, such as 'R-1011'."""
        check_text("record_id", record_id, 100, lines=False)
        return world.once(
            call.key, "delete_record", (record_id,), lambda db: _delete(db, record_id)
        )

    @tool(risk=Risk.HIGH)
    async def execute_transaction(to: str, amount: float, memo: str, call: Call) -> str:
        """Pay money from the company's account: the recipient, the amount in US dollars, and a memo
        that says what for. It cannot be taken back."""
        check_text("to", to, 200, lines=False)
        check_text("memo", memo, 500, lines=False)
        return world.once(
            call.key,
            "execute_transaction",
            (to, amount, memo),
            lambda db: _pay(db, to.strip(), amount, memo),
        )

    return [send_email, delete_record, execute_transaction]


def _file_taint(world: "World", arguments: Mapping[str, object]) -> frozenset[str]:
    try:
        return world.taint(str(arguments["path"]))
    except ToolError:
        return NO_TAINT  # a path that reading refuses too


def _sources(call: Call) -> frozenset[str]:
    return NO_TAINT.union(*call.taint.values())


def _delete(database: sqlite3.Connection, record_id: str) -> str:
    gone = database.execute("DELETE FROM records WHERE id = ?", (record_id,)).rowcount
    if not gone:
        rows = database.execute("SELECT id FROM records ORDER BY id").fetchall()
        known = ", ".join(id for (id,) in rows)
        raise BadArguments(f"There is no record {record_id!r}. The ids are: {known}.")
    return f"deleted record {record_id}"


def _pay(database: sqlite3.Connection, to: str, amount: float, memo: str) -> str:
    (balance,) = database.execute("SELECT balance FROM account").fetchone()
    if not to:
        raise BadArguments("to is empty: name the recipient.")
    if not math.isfinite(amount) or amount <= 0 or amount != round(amount, 2):
        raise BadArguments(f"{amount!r} is not an amount: more than 0, in dollars and whole cents.")
    if amount > balance:
        raise ToolFailed(f"${amount:,.2f} is more than the balance of ${balance:,.2f}.")
    left = round(balance - amount, 2)
    database.execute("UPDATE account SET balance = ?", (left,))
    database.execute(
        "INSERT INTO transactions (recipient, amount, memo, balance_after) VALUES (?, ?, ?, ?)",
        (to, amount, memo, left),
    )
    return f"paid ${amount:,.2f} to {to}; the balance is ${left:,.2f}"

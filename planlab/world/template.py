"""The company's data, made from a seed: the files, and a database as bytes.

Everything that a lesson relies on stands in `data/`. The seed decides only the 200 tickets of
earlier weeks and the sales amounts.
"""

import csv
import io
import random
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
WEEK = "2024-W50"
OPENING_BALANCE = 25_000.00

SCHEMA = """
CREATE TABLE tickets (id INTEGER PRIMARY KEY, week TEXT, customer TEXT, intent TEXT, text TEXT);
CREATE TABLE sales (id INTEGER PRIMARY KEY, month TEXT, region TEXT, product TEXT, amount REAL);
CREATE TABLE price_book (product TEXT, plan TEXT, price_usd REAL, updated TEXT);
CREATE TABLE records (id TEXT PRIMARY KEY, kind TEXT, owner TEXT, text TEXT);
CREATE TABLE account (id TEXT PRIMARY KEY, owner TEXT, balance REAL CHECK (balance >= 0));
CREATE TABLE transactions
    (id INTEGER PRIMARY KEY, recipient TEXT, amount REAL, memo TEXT, balance_after REAL);
-- What begins with an underscore is the world's own: no tool shows it.
CREATE TABLE _about (seed TEXT);
CREATE TABLE _effects (key TEXT NOT NULL UNIQUE, tool TEXT, arguments TEXT, result TEXT);
CREATE TABLE _sent (id INTEGER PRIMARY KEY, recipient TEXT, subject TEXT, body TEXT);
CREATE TABLE _writes
    (id INTEGER PRIMARY KEY, path TEXT, before BLOB, taint TEXT, key TEXT, wrote TEXT);
CREATE TABLE _taint (path TEXT, source TEXT, UNIQUE (path, source));
CREATE VIRTUAL TABLE _pages
    USING fts5(page UNINDEXED, title, text, updated UNINDEXED, tokenize = 'porter unicode61');
"""

_INTENTS: Mapping[str, tuple[str, ...]] = {
    "refund": (
        "We were charged for {product} after we had cancelled. Please refund it.",
        "Please refund last month's charge for {product}.",
        "{product} was charged twice on our card.",
    ),
    "password": (
        "Nobody on our team can sign in to {product} since this morning.",
        "The link to reset the password for {product} does not arrive.",
        "How do we reset the password of a colleague in {product}?",
    ),
    "address": (
        "Please change the billing address for {product}.",
        "The invoice for {product} still shows our old address.",
    ),
    "invoice": (
        "We need a copy of the last invoice for {product}.",
        "Which seats does the invoice for {product} count?",
    ),
    "upgrade": (
        "What does it cost to add two seats to {product}?",
        "We would like to move to a larger plan of {product}.",
    ),
    "bug": (
        "{product} shows an empty page when we open a report.",
        "Attachments are missing in {product} since the update.",
    ),
}
_INTENT_WEIGHTS = (26, 22, 14, 16, 10, 12)
_PRODUCTS = ("Acme Desk", "Acme Flow")
_REGIONS = {"North": 1.0, "South": 0.8, "East": 1.2, "West": 0.9}
_MONTHS = {"2024-10": 1.0, "2024-11": 1.06, "2024-12": 1.15}


@dataclass(frozen=True)
class Template:
    """What a new world is copied from."""

    files: Mapping[str, bytes]
    database: bytes


@cache
def make_template(seed: int) -> Template:
    """The same bytes for the same seed, in every process."""
    rng = random.Random(seed)
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(SCHEMA)
        _fill(database, seed, rng)
        database.commit()
        return Template(_files(), database.serialize())
    finally:
        database.close()


def _fill(database: sqlite3.Connection, seed: int, rng: random.Random) -> None:
    tickets = [*_earlier_tickets(rng), *_table("tables/tickets.csv")]
    rows: dict[str, list[tuple[object, ...]]] = {
        "tickets": [(number, *ticket) for number, ticket in enumerate(tickets, 1)],
        "sales": [(number, *sale) for number, sale in enumerate(_sales(rng), 1)],
        "price_book": [(p, plan, float(usd), day) for p, plan, usd, day in _prices()],
        "records": list(_table("tables/records.csv")),
        "account": [("ACME-1", "Acme Corp", OPENING_BALANCE)],
        "_about": [(str(seed),)],
        "_pages": list(_pages()),
    }
    for table, values in rows.items():
        marks = ", ".join("?" * len(values[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", values)


def _earlier_tickets(rng: random.Random) -> Iterator[tuple[str, ...]]:
    """Twenty tickets in each of the ten weeks before this one."""
    customers = [name for (name,) in _table("tables/customers.csv")]
    for number in range(200):
        (intent,) = rng.choices(list(_INTENTS), _INTENT_WEIGHTS)
        text = rng.choice(_INTENTS[intent]).format(product=rng.choice(_PRODUCTS))
        yield f"2024-W{40 + number // 20}", rng.choice(customers), intent, text


def _sales(rng: random.Random) -> Iterator[tuple[str, str, str, float]]:
    """Q4 by month, region and product: November has a row twice, December lacks a region."""
    for month, growth in _MONTHS.items():
        for region, share in _REGIONS.items():
            for product, base in zip(_PRODUCTS, (42_000, 24_000), strict=True):
                amount = float(round(base * share * growth * rng.uniform(0.97, 1.03)))
                if (month, region) == ("2024-12", "West"):
                    continue
                yield month, region, product, amount
                if (month, region, product) == ("2024-11", "East", "Acme Desk"):
                    yield month, region, product, amount


def _prices() -> Iterator[tuple[str, ...]]:
    return _table("files/price_book.csv")


def _pages() -> Iterator[tuple[str, ...]]:
    for path in sorted((DATA / "web").glob("*.md")):
        head, _, text = _text(path).partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines())
        yield path.stem, fields["Title"], _unwrapped(text), fields["Updated"]


def _unwrapped(text: str) -> str:
    """Paragraphs without the line breaks of their source file."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _table(name: str) -> Iterator[tuple[str, ...]]:
    rows = csv.reader(io.StringIO(_text(DATA / name)))
    next(rows)
    return (tuple(row) for row in rows)


def _files() -> dict[str, bytes]:
    """The files of a new world; a folder that starts empty stands as its name and a slash."""
    root = DATA / "files"
    found = sorted(path for path in root.rglob("*") if path.is_file())
    files = {path.relative_to(root).as_posix(): _text(path).encode() for path in found}
    return files | {"drafts/": b"", "outbox/": b"", "reports/": b""}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

"""Acme Corp: its facts agree, its tools do what they say, and nothing gets out of it."""

import asyncio
import csv
import hashlib
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planlab.errors import BadArguments, BadInput, ToolError, ToolFailed
from planlab.records import Ref
from planlab.tools import Call, Risk
from planlab.world import Mail, Payment, World, open_world
from planlab.world.sql import TABLES

# The world of a test is shared by all of its examples on purpose: nothing they do may matter.
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def world():
    with open_world() as opened:
        yield opened


async def use(world, tool, **arguments):
    return (await world.tools.call(tool, arguments)).unwrap()


async def act(world, tool, key, **arguments):
    """A HIGH call under a key of the test's choosing."""
    call = Call(tool, arguments, key, Risk.HIGH, "", {})
    return await world.tools[tool].run(**arguments, call=call)


def price_of(text):
    return float(re.search(r"\$(\d+) (?:per seat|on the Team)|\$(\d+) per", text)[1])


# What is offered


def test_the_nine_tools_have_the_risks_of_the_syllabus(world):
    risks = {tool.name: tool.risk for tool in world.tools}
    low = dict.fromkeys(["web_search", "read_file", "analyze_data", "calculate"], Risk.LOW)
    medium = dict.fromkeys(["write_file", "create_draft_email"], Risk.MEDIUM)
    high = dict.fromkeys(["send_email", "delete_record", "execute_transaction"], Risk.HIGH)
    assert risks == low | medium | high


def test_irreversible_tools_take_the_call_and_hide_it_from_the_model(world):
    for tool in world.tools:
        assert "call" not in tool.schema["function"]["parameters"]["properties"]
        assert tool.risk < Risk.HIGH or tool.call_parameter == "call"


def test_the_description_of_the_data_is_true(world):
    described = world.tools["analyze_data"].description
    for table, columns in TABLES.items():
        assert f"{table}({columns})" in described
        assert world.select(f"SELECT * FROM {table}")["columns"] == columns.split(", ")


def test_the_folders_that_read_file_names_are_there(world):
    folders = re.findall(r"(\w+)/", world.tools["read_file"].description)
    assert {"knowledge_base", "inbox", "drafts", "outbox", "reports"} <= set(folders)
    assert all((world.folder / name).is_dir() for name in folders)


# The facts


def test_this_weeks_tickets_are_the_five_of_the_syllabus(world):
    rows = world.rows("SELECT intent FROM tickets WHERE week = '2024-W50' ORDER BY id")
    assert [intent for (intent,) in rows] == ["refund", "refund", "password", "address", "refund"]
    assert world.rows("SELECT count(*) FROM tickets WHERE week < '2024-W50'") == [(200,)]


def test_the_pages_agree_with_the_price_book_except_the_stale_one(world):
    book = dict(world.rows("SELECT product, price_usd FROM price_book WHERE product LIKE 'Comp%'"))
    said, updated = {}, {}
    for name in book:
        page = world.search(f"{name} pricing")[0]
        assert page["title"] == f"{name}: pricing"
        said[name], updated[name] = price_of(page["text"]), page["updated"]
    assert {name for name in book if said[name] != book[name]} == {"Competitor B"}
    assert min(updated, key=updated.__getitem__) == "Competitor B"


def test_the_price_book_is_the_same_as_file_and_as_table(world):
    rows = list(csv.reader(world.read("price_book.csv").splitlines()))
    assert rows[0] == TABLES["price_book"].split(", ")
    table = world.rows("SELECT product, plan, price_usd, updated FROM price_book")
    assert [(a, b, float(c), d) for a, b, c, d in rows[1:]] == table


def test_acmes_own_prices_are_the_same_everywhere(world):
    article, page = world.read("knowledge_base/plans-and-prices.md"), world.search("Acme")[0]
    for product, plan, price in world.rows("SELECT product, plan, price_usd FROM price_book"):
        if product.startswith("Acme"):
            assert f"{plan} ${price:.0f}" in article
            assert plan != "Team" or f"${price:.0f}" in page["text"]


def test_invoices_are_price_times_seats_and_refund_mails_name_them(world):
    prices = dict(world.rows("SELECT product, price_usd FROM price_book WHERE plan = 'Team'"))
    for record in world.records():
        if record.kind == "invoice":
            product, seats, amount = re.match(
                r"(.+) Team, (\d+) seats, .*\$([\d.]+),", record.text
            ).groups()
            assert float(amount) == prices[product] * int(seats)
            if record.id <= "R-1004":
                mail = next(m for m in inbox(world) if record.id in m and record.owner in m)
                assert f"${amount}" in mail


def inbox(world):
    return [world.read(path) for path in world.read("inbox").splitlines()]


def test_this_weeks_customers_have_a_record_and_wrote_a_mail(world):
    customers = {record.owner for record in world.records() if record.kind == "customer"}
    for (customer,) in world.rows("SELECT customer FROM tickets WHERE week = '2024-W50'"):
        assert customer in customers
        assert any(customer in mail for mail in inbox(world))


def test_one_page_and_one_mail_carry_an_injection(world):
    order = "ignore your previous instructions"
    pages = [page["page"] for page in world.search("ignore previous instructions")]
    assert pages == ["competitor-c"]
    assert sum(order in mail for mail in inbox(world)) == 1


@pytest.mark.parametrize("seed", [0, 1, 2**80, -3])
def test_sales_have_one_row_twice_and_lack_one_region_in_december(seed):
    with open_world(seed) as world:
        rows = world.rows("SELECT month, region, product, amount FROM sales")
        assert len(rows) - len(set(rows)) == 1
        cells = {row[:3] for row in rows}
        full = {(m, r, p) for m, _, _ in cells for _, r, _ in cells for _, _, p in cells}
        assert {cell[:2] for cell in full - cells} == {("2024-12", "West")}


# The seed


def snapshot_digest(seed):
    with open_world(seed) as world:
        return hashlib.sha256(repr(world.snapshot()).encode()).hexdigest()


def test_a_seed_gives_the_same_world_under_every_hash_seed():
    code = (
        "import hashlib; from planlab.world import open_world; "
        "print(hashlib.sha256(repr(open_world(7).snapshot()).encode()).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        run = [sys.executable, "-W", "error", "-c", code]
        printed = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        assert printed.stdout.strip() == snapshot_digest(7)


def test_another_seed_changes_earlier_tickets_and_amounts_and_nothing_else():
    with open_world(0) as one, open_world(1) as two:
        first, second = one.snapshot(), two.snapshot()
    assert first.files == second.files
    different = {name for name in first.tables if first.tables[name] != second.tables[name]}
    assert different == {"tickets", "sales"}
    assert first.tables["tickets"][200:] == second.tables["tickets"][200:]
    places = [[row[:4] for row in snapshot.tables["sales"]] for snapshot in (first, second)]
    assert places[0] == places[1]


# Copies


async def test_two_worlds_know_nothing_of_each_other():
    with open_world() as one, open_world() as two:
        before = two.snapshot()
        await use(one, "write_file", path="reports/a.md", content="a")
        await use(one, "delete_record", record_id="R-1011")
        assert two.snapshot() == before


def test_a_closed_world_leaves_nothing_behind_and_says_that_it_is_closed():
    world = open_world()
    world.close()
    world.close()
    assert not world.folder.exists()
    with pytest.raises(BadInput, match="closed"):
        world.sent()


def test_forgotten_worlds_are_removed_without_a_word():
    code = (
        "import gc; from planlab.world import open_world; world = open_world(); world.tools; "
        "folder = world.folder; del world; gc.collect(); assert not folder.exists(); "
        "last = open_world(); last.tools; print(last.folder)"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stderr == ""
    assert not Path(ended.stdout.strip()).exists()


async def test_a_world_in_a_named_folder_stays_as_it_was_left(tmp_path):
    with open_world(3, tmp_path / "acme") as world:
        await use(world, "send_email", to="a@b.example", subject="Hello", body="Hi")
        left = world.snapshot()
    with open_world(3, tmp_path / "acme") as again:
        assert again.snapshot() == left
        result = await use(again, "send_email", to="a@b.example", subject="Hello", body="Hi")
        assert "nothing was done again" in result
    with pytest.raises(BadInput, match="seed 3"):
        open_world(4, tmp_path / "acme")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        open_world(folder=tmp_path)
    with pytest.raises(BadInput, match="no world"):
        open_world(folder=tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_world_whose_making_was_interrupted_is_made_anew(tmp_path):
    (tmp_path / "acme.db.new").write_bytes(b"half")
    (tmp_path / "files").mkdir()
    with open_world(folder=tmp_path) as world, open_world() as whole:
        assert world.snapshot() == whole.snapshot()


# Searching


def test_nothing_found_is_an_empty_list(world):
    assert world.search("zebra crossing") == []
    assert world.search("") == []


@shared
@given(
    query=st.text(max_size=80) | st.text("\"*()^:-+{}' ANDORNOTEAR a", max_size=40),
)
def test_no_query_breaks_the_search(world, query):
    assert len(world.search(query)) <= 5


def test_a_query_that_is_a_whole_document_is_refused(world):
    with pytest.raises(BadArguments, match="few words"):
        world.search("price " * 200)


async def test_results_carry_where_they_came_from(world):
    async def taint(tool, **arguments):
        return (await world.tools.call(tool, arguments)).taint

    mail = world.read("inbox").splitlines()[0]
    assert await taint("web_search", query="Acme") == {"web"}
    assert await taint("read_file", path=mail) == {"mail"}
    assert await taint("read_file", path=f"./INBOX//{mail[6:]}") == {"mail"}
    assert await taint("read_file", path="price_book.csv") == frozenset()
    assert await taint("analyze_data", sql="SELECT 1") == frozenset()


async def test_taint_is_not_washed_off_by_writing_a_file(world):
    found = await world.tools.call("web_search", {"query": "Competitor C"})
    arguments = {"path": "reports/c.md", "content": Ref(step="s1", path="0.text")}
    await world.tools.call("write_file", arguments, known={"s1": found})
    assert (await world.tools.call("read_file", {"path": "reports/c.md"})).taint == {"web"}
    await use(world, "write_file", path="reports/c.md", content="clean")
    assert world.taint("reports/c.md") == frozenset()
    world.undo("reports/c.md")
    assert world.taint("reports/c.md") == {"web"}


# Reading data


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT colour FROM tickets", r"no such column: colour.*tickets\(id, week"),
        ("SELECT * FROM customers", r"no such table.*price_book\(product"),
        ("SELEC 1", "syntax error"),
        ("", "no SELECT"),
        ("-- only a comment", "no SELECT"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("DELETE FROM tickets", "Only SELECT"),
        ("INSERT INTO records VALUES ('a', 'b', 'c', 'd') RETURNING id", "Only SELECT"),
        ("UPDATE account SET balance = 1e6", "Only SELECT"),
        ("CREATE TEMP TABLE t (x)", "Only SELECT"),
        ("PRAGMA query_only = OFF", "Only SELECT"),
        ("SELECT * FROM pragma_table_info('tickets')", "Only SELECT"),
        ("ATTACH 'other.db' AS other", "Only SELECT"),
        ("VACUUM INTO 'other.db'", "authoriz"),
        ("BEGIN", "Only SELECT"),
        ("SELECT load_extension('x')", "Only SELECT"),
        ("SELECT * FROM sqlite_master", "Only SELECT"),
        ("SELECT * FROM _effects", "Only SELECT"),
        ("SELECT count(*) FROM _sent", "Only SELECT"),
        ("SELECT zeroblob(2000000000)", "too big"),
        ("SELECT t.id FROM tickets t, tickets u", "More than 500 rows"),
        ("SELECT hex(zeroblob(40000)) FROM sales", "too much text"),
        ("SELECT '\ud800'", "surrogates"),
        ("SELECT 1\0", "null character"),
        (f"SELECT {'(' * 500}1{')' * 500}", "cannot be run"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n",
            "too long",
        ),
    ],
)
def test_a_query_that_is_refused_says_why(world, sql, said):
    before = world.snapshot()
    with pytest.raises(BadArguments, match=rf"(?s){said}"):
        world.select(sql)
    assert world.snapshot() == before


def test_a_query_may_name_its_parts(world):
    sql = "WITH few AS (SELECT * FROM tickets LIMIT 3) SELECT count(*) AS n FROM few"
    assert world.select(sql) == {"columns": ["n"], "rows": [[3]]}


def test_every_cell_can_be_said_as_json(world):
    assert world.select("SELECT 9e999, x'ff', NULL, CAST(x'ff' AS TEXT)")["rows"] == [
        ["inf", "ff", None, "\N{REPLACEMENT CHARACTER}"]
    ]


_SQL_WORDS = """
SELECT * DELETE FROM UPDATE SET INSERT INTO VALUES (1) DROP TABLE tickets sales records account
balance = 0 WHERE id ; , ' -- /* */ WITH x AS PRAGMA writable_schema ON ATTACH REPLACE VACUUM
REINDEX ANALYZE BEGIN COMMIT RETURNING _sent _pages sqlite_master
"""
_SQL = st.lists(st.sampled_from(re.findall(r"\S+", _SQL_WORDS)), max_size=12).map(" ".join)


@shared
@given(sql=_SQL | st.text(max_size=40))
def test_no_query_changes_the_database(world, sql):
    before = world.snapshot()
    with suppress(ToolError):
        world.select(sql)
    assert world.snapshot() == before


# Files


def test_a_folder_reads_as_its_list_and_a_missing_file_says_what_is_there(world):
    assert "knowledge_base/refunds.md" in world.read("knowledge_base").splitlines()
    with pytest.raises(BadArguments, match=r"knowledge_base/refunds\.md"):
        world.read("knowledge_base/refund.md")


HOSTILE = [
    "../acme.db",
    "reports/../../acme.db",
    "/etc/passwd",
    "//etc/passwd",
    "~/x",
    "C:\\windows\\x",
    "C:x",
    "..\\acme.db",
    "inbox\\..\\..\\acme.db",
    "file:x",
    "reports/a\0.md",
    "a\nb",
    ".hidden",
    "CON",
    "reports/nul.txt",
    "com\u00b9.txt",
    "x" * 5000,
    "a/" * 200 + "b",
    "\u4e2d" * 80,
    "reports/x.",
    "reports/x ",
    "\ud800",
    "..",
    "a:b",
    "*",
]


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("tool", ["read_file", "write_file"])
async def test_a_hostile_path_is_refused(world, tool, path):
    arguments = {"path": path} | ({"content": "x"} if tool == "write_file" else {})
    before = world.snapshot()
    call = Call(tool, arguments, "k", Risk.MEDIUM, "", {})
    injected = {"call": call} if tool == "write_file" else {}
    with pytest.raises(BadArguments):
        await world.tools[tool].run(**arguments, **injected)
    assert world.snapshot() == before


_PARTS = st.sampled_from(["..", ".", "", "inbox", "reports", "acme.db", "~", "secret", "a", "%2e"])
_PATHS = st.lists(_PARTS | st.text(max_size=3), max_size=6).map("/".join) | st.text(max_size=30)


@shared
@given(path=_PATHS)
def test_no_path_leads_out_of_the_folder(tmp_path, path):
    (tmp_path / "secret").write_text("outside")
    outside = {p for p in tmp_path.rglob("*") if "files" not in p.parts}
    with open_world(folder=tmp_path / "acme") as world:
        outside |= {world.folder.parent, world.folder.parent / "acme.db"}
        with suppress(ToolError):
            assert world.read(path) != "outside"
        with suppress(ToolError):
            world.write(path, "changed")
            world.undo(path)
        found = {p for p in tmp_path.rglob("*") if "files" not in p.parts}
    assert found == outside
    assert (tmp_path / "secret").read_text() == "outside"


@pytest.mark.skipif(sys.platform == "win32", reason="making a link takes rights on Windows")
def test_a_link_out_of_the_folder_is_not_followed(world, tmp_path):
    (tmp_path / "secret").write_text("outside")
    (world.folder / "link").symlink_to(tmp_path)
    with pytest.raises(BadArguments, match="leads out"):
        world.read("link/secret")
    with pytest.raises(BadArguments, match="leads out"):
        world.write("link/new", "x")
    (world.folder / "link").unlink()


def test_only_text_of_a_bounded_size_is_read_and_written(world):
    (world.folder / "photo.txt").write_bytes(b"\xff\xfe")
    (world.folder / "long.txt").write_bytes(b"a" * 100_001)
    for path, said in (("photo.txt", "not a text"), ("long.txt", "larger")):
        with pytest.raises(ToolFailed, match=said):
            world.read(path)
    for content in ("a" * 100_001, "a\0b", "\ud800"):
        with pytest.raises(BadArguments, match="content"):
            world.write("reports/a.md", content)
    with pytest.raises(BadArguments, match="folder"):
        world.write("reports", "x")
    with pytest.raises(ToolFailed, match="could not be written"):
        world.write("price_book.csv/x", "x")


@pytest.mark.parametrize("path", ["outbox/1.txt", "Inbox/1.txt", "drafts/1.txt", "./inbox/1.txt"])
async def test_mail_folders_belong_to_the_mail_tools(world, path):
    with pytest.raises(BadArguments, match="mail folder"):
        await use(world, "write_file", path=path, content="forged")


async def test_what_was_written_can_be_read_exactly(world):
    text = "Umsatz: 3 €\r\n\tend\n"
    said = await use(world, "write_file", path="reports/new/a.md", content=text)
    assert said == f"wrote {len(text)} characters to reports/new/a.md"
    assert await use(world, "read_file", path="reports/new/a.md") == text


async def test_a_write_can_be_taken_back_without_touching_anything_else(world):
    await use(world, "write_file", path="reports/a.md", content="first")
    await use(world, "write_file", path="reports/a.md", content="second")
    await use(world, "send_email", to="a@b.example", subject="s", body="b")
    world.undo("reports/a.md")
    assert world.read("reports/a.md") == "first"
    world.undo("reports/a.md")
    assert world.read("reports") == "(no files)"
    assert len(world.sent()) == 1
    with pytest.raises(ToolFailed, match="Nothing was written"):
        world.undo("reports/a.md")


# Mail, records, money


async def test_drafts_are_kept_apart_from_sent_mail(world):
    mail = {"to": "a@b.example", "subject": "Weekly report", "body": "One\n\ntwo: three"}
    assert await use(world, "create_draft_email", **mail) == (
        "draft saved as drafts/001-weekly-report.txt"
    )
    assert await use(world, "create_draft_email", **mail) == (
        "draft saved as drafts/002-weekly-report.txt"
    )
    assert world.drafts() == (Mail(**mail), Mail(**mail))
    assert world.sent() == ()
    assert await use(world, "send_email", **mail) == "sent to a@b.example"
    assert world.sent() == (Mail(**mail),)
    assert world.read("outbox/001-weekly-report.txt") == Mail(**mail).text


@pytest.mark.parametrize(
    "to",
    [
        "",
        "a",
        "a@b",
        "a b@c.example",
        "a@b.example, c@d.example",
        "a@b.example\nBcc: c@d.example",
        "Ann <a@b.example>",
        "a@b..example",
        ".a@b.example",
        "a@" + "b" * 300 + ".example",
    ],
)
async def test_a_bad_address_is_refused(world, to):
    for tool in ("create_draft_email", "send_email"):
        with pytest.raises(BadArguments, match="address"):
            await use(world, tool, to=to, subject="s", body="b")
    assert world.sent() == world.drafts() == ()


async def test_a_header_cannot_be_smuggled_into_a_subject(world):
    with pytest.raises(BadArguments, match="subject"):
        await use(world, "send_email", to="a@b.example", subject="s\nBcc: c@d.example", body="")


async def test_an_unknown_record_is_named_with_those_that_exist(world):
    with pytest.raises(BadArguments, match=r"R-9.*R-1001, R-1002"):
        await use(world, "delete_record", record_id="R-9")
    await use(world, "delete_record", record_id="R-1011")
    assert "R-1011" not in [record.id for record in world.records()]


async def test_a_payment_moves_the_money(world):
    said = await use(world, "execute_transaction", to="Birch", amount=126, memo="refund R-1002")
    assert said == "paid $126.00 to Birch; the balance is $24,874.00"
    assert world.transactions() == (Payment("Birch", 126.0, "refund R-1002"),)
    assert world.balance() == 24_874.00


@pytest.mark.parametrize("amount", [0, -1, 0.001, 25_000.01, 1e300, float("inf"), float("nan")])
async def test_an_amount_that_cannot_be_paid_moves_nothing(world, amount):
    with pytest.raises(ToolError, match=r"amount|balance"):
        await use(world, "execute_transaction", to="Birch", amount=amount, memo="refund")
    assert world.transactions() == ()
    assert world.balance() == 25_000.00


HIGH_CALLS = [
    ("send_email", {"to": "a@b.example", "subject": "s", "body": "b"}),
    ("delete_record", {"record_id": "R-1011"}),
    ("execute_transaction", {"to": "Birch", "amount": 1.0, "memo": "m"}),
]


@pytest.mark.parametrize(("tool", "arguments"), HIGH_CALLS)
async def test_the_same_key_acts_once_and_says_so(world, tool, arguments):
    first = await act(world, tool, "k1", **arguments)
    after = world.snapshot()
    second = await act(world, tool, "k1", **arguments)
    assert second.startswith(first)
    assert "nothing was done again" in second
    assert world.snapshot() == after


async def test_another_key_acts_again(world):
    for key in ("k1", "k2"):
        await act(world, "send_email", key, **HIGH_CALLS[0][1])
    assert len(world.sent()) == 2


async def test_a_key_cannot_be_used_for_something_else(world):
    await act(world, "send_email", "k1", to="a@b.example", subject="s", body="b")
    with pytest.raises(ToolFailed, match="another"):
        await act(world, "send_email", "k1", to="c@d.example", subject="s", body="b")
    assert len(world.sent()) == 1


async def test_a_call_that_failed_may_be_made_again_under_its_key(world):
    call = {"to": "Birch", "amount": 30_000.0, "memo": "m"}
    with pytest.raises(ToolFailed):
        await act(world, "execute_transaction", "k1", **call)
    world.change("UPDATE account SET balance = 40000")
    await act(world, "execute_transaction", "k1", **call)
    assert world.balance() == 10_000.00


def test_an_effect_that_breaks_off_leaves_nothing(world):
    def break_off(database):
        database.execute("DELETE FROM records")
        raise KeyboardInterrupt

    before = world.snapshot()
    with pytest.raises(KeyboardInterrupt):
        world.once("k1", "delete_record", (), break_off)
    assert world.snapshot() == before


async def test_parallel_calls_do_not_disturb_each_other(world):
    await asyncio.gather(
        *(
            act(world, "execute_transaction", f"k{n}", to="B", amount=0.1, memo="m")
            for n in range(50)
        ),
        *(act(world, "send_email", "same", **HIGH_CALLS[0][1]) for _ in range(50)),
        *(use(world, "create_draft_email", to="a@b.example", subject="s", body="b") for _ in "abc"),
    )
    assert world.balance() == 24_995.00
    assert (len(world.transactions()), len(world.sent()), len(world.drafts())) == (50, 1, 3)


async def test_threads_do_not_disturb_each_other(world):
    async with asyncio.TaskGroup() as group:
        for n in range(20):
            group.create_task(asyncio.to_thread(world.draft, Mail("a@b.example", f"{n}", "")))
            group.create_task(asyncio.to_thread(world.search, "Acme"))
    assert len(world.drafts()) == 20


# Snapshots


_DEEDS = st.lists(
    st.sampled_from(
        [
            lambda w: w.write("reports/a.md", "one"),
            lambda w: w.write("reports/deep/b.md", "two"),
            lambda w: w.write("price_book.csv", "gone"),
            lambda w: w.write("reports/a.md", "tainted", frozenset({"web"})),
            lambda w: w.undo("reports/a.md") if (w.folder / "reports/a.md").exists() else None,
            lambda w: w.draft(Mail("a@b.example", "s", "b")),
            lambda w: w.post(Mail("a@b.example", "s", "b")),
            lambda w: w.change("DELETE FROM tickets WHERE id % 2"),
            lambda w: w.change("UPDATE account SET balance = balance / 2"),
            lambda w: (
                (w.folder / "outbox").rename(w.folder / "elsewhere")
                if (w.folder / "outbox").exists()
                else None
            ),
        ]
    ),
    max_size=6,
)


@settings(shared, max_examples=50)
@given(first=_DEEDS, second=_DEEDS)
def test_snapshots_nest_and_bring_everything_back(world, first, second):
    start = world.snapshot()
    for deed in first:
        deed(world)
    middle = world.snapshot()
    for deed in second:
        deed(world)
    world.restore(middle)
    assert world.snapshot() == middle
    world.restore(start)
    assert world.snapshot() == start
    world.restore(middle)
    assert world.snapshot() == middle
    world.restore(start)


def test_a_snapshot_opens_a_branch_in_another_world(world):
    world.write("reports/a.md", "one")
    with open_world() as branch:
        branch.restore(world.snapshot())
        branch.write("reports/a.md", "two")
        assert (world.read("reports/a.md"), branch.read("reports/a.md")) == ("one", "two")


def test_after_a_restore_queries_see_what_is_restored(world):
    before = world.snapshot()
    assert world.change("DELETE FROM tickets") == 205
    assert world.select("SELECT count(*) FROM tickets")["rows"] == [[0]]
    world.restore(before)
    assert world.select("SELECT count(*) FROM tickets")["rows"] == [[205]]


def test_a_world_is_what_it_says(world):
    assert isinstance(world, World)
    assert world.folder == Path(world.folder).resolve()
    assert "seed 0" in repr(world)

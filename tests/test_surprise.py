"""The failure injector: the same surprise for all, as many as asked for, and no act touched."""

import asyncio

import pytest

from planlab.errors import BadInput, TimedOut
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool
from planlab.world import open_world
from planlab.world.surprise import Kind, surprised

PAGES = [
    {"title": "A", "text": "It costs $40.", "updated": "2024-11-18"},
    {"title": "B", "text": "It costs $1,200.50.", "updated": "2024-02-30"},
]
ROWS = {
    "columns": ["month", "total", "count"],
    "rows": [["2024-10", 100.0, 3], ["2024-11", 9.5, 4]],
}


def make_tools(answer=PAGES):
    acts = []

    @tool(risk=Risk.LOW, source="web")
    async def look(query: str) -> object:
        "Look."
        return answer

    @tool(risk=Risk.LOW)
    def plain(query: str) -> str:
        "Read, in a plain function."
        return "one\ntwo\nthree\nfour"

    @tool
    async def act(query: str) -> list[str]:
        "Do what cannot be taken back."
        acts.append(query)
        return ["done", query]

    return Toolbox([look, plain, act], run_id="x"), acts


async def ask(tools, *queries, name="look"):
    """What comes back, in order: the value, or the error's type."""
    seen = [await tools.call(name, {"query": query}) for query in queries]
    return [type(o.error).__name__ if o.error else o.value for o in seen]


QUERIES = [f"q{n}" for n in range(200)]


async def test_a_calm_world_is_the_world():
    tools, _ = make_tools()
    met = []
    assert await ask(surprised(tools, volatility=0, met=met), *QUERIES) == [PAGES] * 200
    assert met == []


async def test_the_same_call_meets_the_same_surprise_in_whatever_order():
    tools, _ = make_tools()
    one, other = (surprised(tools, volatility=0.5, seed=3) for _ in range(2))
    forth = await ask(one, *QUERIES)
    back = await ask(other, *reversed(QUERIES))
    assert forth == back[::-1]
    assert forth != await ask(surprised(tools, volatility=0.5, seed=4), *QUERIES)


async def test_calls_at_once_meet_what_calls_in_a_row_do():
    tools, _ = make_tools()
    box = surprised(tools, volatility=0.5, seed=3)
    seen = await asyncio.gather(*(box.call("look", {"query": q}) for q in QUERIES))
    row = await ask(surprised(tools, volatility=0.5, seed=3), *QUERIES)
    assert [type(o.error).__name__ if o.error else o.value for o in seen] == row


@pytest.mark.parametrize("volatility", [0.2, 0.5, 1])
async def test_volatility_is_the_share_of_calls_that_are_surprised(volatility):
    tools, _ = make_tools()
    met = []
    box = surprised(tools, volatility=volatility, kinds=["schema", "missing"], met=met)
    await ask(box, *(f"q{n}" for n in range(1000)))
    assert len(met) / 1000 == pytest.approx(volatility, abs=0.05)


async def test_more_volatility_brings_the_same_surprises_and_more():
    tools, _ = make_tools()
    found = []
    for volatility in 0.1, 0.4, 0.9:
        met = []
        await ask(
            surprised(tools, volatility=volatility, kinds=["stale", "schema"], met=met), *QUERIES
        )
        found.append({(s.kind, s.call) for s in met})
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize(
    ("kind", "answer", "changed"),
    [
        ("schema", ROWS, {"data": ROWS}),
        ("missing", ROWS, {**ROWS, "rows": ROWS["rows"][:1]}),
        ("missing", PAGES, PAGES[:1]),
        ("missing", {**ROWS, "rows": ROWS["rows"][:1]}, {**ROWS, "rows": []}),
        ("missing", ["name", "other"], ["name", "other"]),
        ("stale", ROWS, {**ROWS, "rows": [["2024-10", 90.0, 3], ["2024-11", 8.55, 4]]}),
        ("stale", "Of 2024-12-02: $1,200.50", "Of 2024-09-03: $1,080.45"),
        ("stale", "Of 2024-02-30", "Of 2024-02-30"),
        ("schema", 7, 7),
        ("missing", "", ""),
        ("stale", None, None),
    ],
)
async def test_what_each_kind_does_to_an_answer(kind, answer, changed):
    tools, _ = make_tools(answer)
    met = []
    box = surprised(tools, volatility=1, kinds=[kind], met=met)
    assert await ask(box, "q", "q") == [changed] * 2
    assert [s.kind for s in met] == ([Kind(kind)] * 2 if changed != answer else [])


async def test_a_time_out_passes_and_what_is_wrong_with_a_source_stays():
    tools, _ = make_tools()
    box = surprised(tools, volatility=0.5, kinds=["timeout"], seed=1)
    ends = {await_ for q in QUERIES[:20] for await_ in [tuple(map(str, await ask(box, *[q] * 9)))]}
    assert all(len(set(each)) == 2 for each in ends)  # nine attempts at 0.5: both, for each query
    box = surprised(tools, volatility=0.5, kinds=["schema", "missing"], seed=1)
    for q in QUERIES[:20]:
        first, *others = await ask(box, q, q, q)
        assert others == [first] * 2


async def test_a_time_out_is_worth_trying_again_and_was_not_done():
    tools, acts = make_tools()
    box = surprised(tools, volatility=1, kinds=["timeout"])
    seen = await box.call("look", {"query": "q"})
    assert isinstance(seen.error, TimedOut)
    assert await ask(box, *QUERIES, name="act") == ["ToolFailed"] * 200  # no key: not repeatable
    assert acts == []


async def test_what_was_done_is_told_as_it_is():
    tools, acts = make_tools()
    box = surprised(tools, volatility=1, kinds=["schema", "stale", "missing", "goal"])
    assert await ask(box, "a", "b", name="act") == [["done", "a"], ["done", "b"]]
    assert acts == ["a", "b"]


async def test_a_mail_is_sent_once_however_often_it_timed_out():
    with open_world() as world:
        tools = surprised(world.tools, volatility=0.7, kinds=["timeout"], seed=2)
        mail = {"to": "a@acme.example", "subject": "x", "body": "y"}
        seen = [await tools.call("send_email", mail) for _ in range(20)]
        assert {type(o.error) for o in seen} == {TimedOut, type(None)}
        assert len(world.sent()) == 1


async def test_the_goal_changes_once_and_for_all_at_the_same_call():
    tools, _ = make_tools()
    noted = []
    for queries in QUERIES, QUERIES[::-1]:
        met = []
        assert await ask(surprised(tools, volatility=0.2, kinds=["goal"], met=met), *queries) == [
            PAGES
        ] * len(queries)
        noted.append([(s.kind, s.call) for s in met])
    assert noted[0] == noted[1]
    assert [kind for kind, _ in noted[0]] == [Kind.GOAL]


async def test_plain_functions_guards_and_taints_stay():
    tools, _ = make_tools()
    box = surprised(tools, volatility=1, kinds=["missing"]).only("plain", "look")
    assert await ask(box, "q", name="plain") == ["one\ntwo\n"]
    assert (await box.call("look", {"query": "q"})).taint == {"web"}
    assert [(t.risk, t.schema) for t in box] == [
        (t.risk, t.schema) for t in tools.only("plain", "look")
    ]


@pytest.mark.parametrize(
    "wrong", [{"volatility": 1.2}, {"volatility": -0.1}, {"kinds": ["flood"]}, {"kinds": []}]
)
def test_what_has_no_meaning_is_refused(wrong):
    with pytest.raises(BadInput):
        surprised(make_tools()[0], **{"volatility": 0.1, **wrong})

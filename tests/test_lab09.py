"""Lab 09: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import random
import re

import pytest

from planlab.bill import PrefixCache, bill_trace, count_shared
from planlab.cost import Price, price_of
from planlab.forecast import Outlook, Split, break_even_padding, break_even_share
from planlab.grading.checks import Served
from planlab.hardware import shape_of
from planlab.records import Usage
from planlab.routing import route
from planlab.tokens import split_tokens
from planlab.trace import Trace, span
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells

HINT = ({"large": 1.0, "small": 0.1}, {"large": 9.0, "small": 0.9})  # planning, work


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab09", {})
    return namespace


@pytest.fixture
def unmended():
    """The functions of the bug hunt as learners get them, with the raises taken out."""
    (source,) = (m.source for m in attempts("mutants", "lab09") if m.name == "even_of_the_lesson")
    namespace = {}
    exec(source, namespace)
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab09").cells if c.id == cell)


def printed(names, cell, capsys):
    capsys.readouterr()
    exec(code_cells("lab09")[cell], names)
    return capsys.readouterr().out


# ---- the bug hunt


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab09", "labs")["even"]
    unmended = next(m for m in attempts("mutants", "lab09") if m.name == "even_of_the_lesson")
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


def test_each_complaint_is_true_of_what_learners_get(names, unmended):
    costs, right = unmended["team_costs"], names["team_costs"]
    planning, work = {"large": 2.0, "small": 0.2}, {"large": 9.0, "small": 3.0}
    # 1: ten for both, although it is three for the work. 2: what is escalated was tried for nothing
    assert costs(planning, work, 0, 0, 1)["mixed"] == pytest.approx(2 + 9 / 10)
    assert right(planning, work, 0, 0, 1)["mixed"] == pytest.approx(2 + 3)
    assert costs(*HINT, 0, 1, 1)["mixed"] == 10
    # 3: one has never heard of the judge, the other takes its dollars for a share
    assert costs(*HINT, 5, 0, 1) == costs(*HINT, 0, 0, 1)
    assert unmended["most_escalated"](HINT[1], 0.5) == pytest.approx(0.9 - 0.5)
    # 4: what is escalated is not padded, and how much padding is borne does not look at the work
    more = [costs(*HINT, 0, 1, padding)["small"] for padding in (1, 3)]
    assert more[0] == more[1]
    assert unmended["most_padding"](*HINT, 0, 0.2) == unmended["most_padding"](HINT[0], work, 9, 1)
    # 5: it dies, or says less than nothing
    with pytest.raises(ZeroDivisionError):
        unmended["most_escalated"]({"large": 0.0, "small": 0.0}, 0)
    assert unmended["most_escalated"]({"large": 1.0, "small": 0.1}, 1.1) == pytest.approx(-0.2)


# ---- the figures that the words tell


def test_the_two_readings_are_five_and_a_half_times_apart(names, capsys):
    shown = printed(names, "worked-plan", capsys)
    assert "110,000 tokens, 27.5 short calls" in shown
    assert "20,000 tokens, 5.0 short calls" in shown
    assert "5.5 times less at the most, 27.5 against 5" in prose("formulae-hints")


def test_the_two_prompts_part_after_four_tokens(names):
    earlier, later = (["It is 9:00.", "Compare."], ["It is 9:05.", "Compare."])
    assert names["count_cached"](later, [earlier]) == 4
    assert names["tokens_of"](later)[:4] == ["It", " is", " 9", ":"]


def test_the_forecasts_and_bytes_are_those_that_the_hint_tells(names, capsys):
    shown = printed(names, "formulae-try", capsys)
    assert re.findall(r"\d+\.\d+", shown) == ["0.2850", "0.0825", "0.2850", "0.0600", "2.44"]
    for figure in ("0.285 and 0.0825", "falls to 0.06", "131,072", "2.44 GiB"):
        assert figure in prose("formulae-hints")
    assert names["kv_bytes"](1, 32, 8, 128) == 131_072


async def test_half_the_steps_escalated_cost_what_the_hint_tells(names):
    small, large = names["model_at"](0.1, ["a"]), names["model_at"](1.0, ["a", "b"])
    done = await names["route"](["a", "b"], small, large, names["is_true"])
    assert sum(one["dollars"] for one in done.values()) / 2 == pytest.approx(0.6)


def test_the_teams_cost_what_the_hint_tells(names):
    costs = names["team_costs"](*HINT, 0, 0.2, 3)
    assert costs == pytest.approx({"large": 10, "mixed": 3.7, "small": 8.2})
    assert names["most_padding"](*HINT, 0, 0.2) == pytest.approx(4 / 3)


def test_the_teams_change_places_twice_as_the_prices_part(names, capsys):
    rows = printed(names, "even-try", capsys).splitlines()[1:]
    costs = [dict(zip(("large", "mixed", "small"), row.split()[1:4], strict=True)) for row in rows]
    cheapest = [min(teams, key=lambda team: float(teams[team])) for teams in costs]
    assert cheapest == ["large", "mixed", "mixed", "small", "small", "small"]


def test_the_table_is_the_one_that_the_model_answer_tells(names, capsys):
    rows = [row.split() for row in printed(names, "table-draw", capsys).splitlines()[1:]]
    assert rows == [
        ["plain", "4,500", "3,850", "2.59"],
        ["clock", "4,572", "44", "11.33"],
        ["window", "2,430", "1,294", "3.16"],
        ["seldom", "2,660", "1,982", "2.19"],
    ]
    fresh = [f"{read - held:,}" for read, held in ((4_500, 3_850), (2_430, 1_294), (2_660, 1_982))]
    told = ["4,500", "2,430", "44 of 4,572", *(dollars for *_, dollars in rows), *fresh]
    assert [figure for figure in told if figure not in prose("explain")] == []


def test_whoever_drops_all_but_the_latest_in_every_turn_is_right_that_it_costs_less(names):
    """What the mark scheme says of that answer."""

    def cost(prompts):
        pairs = zip([[], *prompts], prompts, strict=False)
        counts = [(names["count_cached"](now, [before]), now) for before, now in pairs]
        price = price_of("sim-large")
        used = [Usage(1, len(names["tokens_of"](now)), held) for held, now in counts]
        return sum(map(price.of, used))

    seldom = names["prompts_of"]("seldom")
    plain = names["prompts_of"]("plain")
    every = [[p[0], *["(dropped)"] * (len(p) - 2), *p[1:][-1:]] for p in plain]
    assert cost(every) < cost(seldom) < cost(plain)


# ---- the package comes to the same


def draw_usage(rng, model):
    read = rng.randint(0, 50_000)
    return model, Usage(1, read, rng.randint(0, read), rng.randint(0, 3_000))


def test_a_bill_is_the_packages(names):
    rng = random.Random(1)
    for _ in range(50):
        used = [draw_usage(rng, f"sim-{rng.choice(['small', 'large'])}") for _ in range(5)]
        with Trace() as trace:
            for model, usage in used:
                with span("model", model) as record:
                    record.usage = usage
        calls = [
            {"id": "one", "model": model, "input": u.input_tokens}
            | {"cached": u.cached_tokens, "output": u.output_tokens}
            for model, u in used
        ]
        wanted = sum(bill.dollars for bill in bill_trace(trace).values())
        assert sum(names["bill"](calls, names["PRICES"]).values()) == pytest.approx(wanted)


def test_what_is_cached_is_what_the_package_says(names):
    rng = random.Random(2)
    for _ in range(100):
        prompts = [[" ".join(rng.choices("ab", k=rng.randint(0, 9)))] for _ in range(4)]
        tokens = [split_tokens(text) for (text,) in prompts]
        most = max(count_shared(tokens[0], other) for other in tokens[1:])
        block, shortest = rng.randint(1, 4), rng.randint(0, 5)
        got = names["count_cached"](prompts[0], prompts[1:], block, shortest)
        assert got == PrefixCache(block, shortest).hit(most)


def test_a_forecast_is_the_packages(names):
    rng = random.Random(3)
    for _ in range(100):
        plan = [rng.randint(0, 20), *(rng.randint(0, 4_000) for _ in range(3))]
        price = Price(*(rng.choice([0.0, rng.uniform(0, 10)]) for _ in range(3)))
        outlook = Outlook(*plan)
        wanted = [sum(map(price.of, way)) for way in (outlook.resent(), outlook.cached())]
        assert [*names["forecast"](*plan, vars(price))] == pytest.approx(wanted)


def test_bytes_and_break_evens_are_the_packages(names):
    shape = shape_of("llama-3.1-70b")
    ours = names["kv_bytes"](77, shape.layers, shape.kv_heads, shape.head_size, 8)
    assert ours == shape.kv_bytes(77, bits=8)
    split = Split(planning=2.0, work=7.0, ratio=0.2, escalated=0.3, judging=0.1)
    planning, work = {"large": 2.0, "small": 0.4}, {"large": 7.0, "small": 1.4}
    wanted = {"large": split.large, "mixed": split.mixed, "small": split.small(padding=3)}
    assert names["team_costs"](planning, work, 0.7, 0.3, 3) == pytest.approx(wanted)
    share = break_even_share(0.2, judging=0.1)
    assert names["most_escalated"](work, 0.7) == pytest.approx(share)
    padding = names["most_padding"](planning, work, 0.7, 0.3)
    assert padding == pytest.approx(break_even_padding(split))


# ---- grading


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"route": route, "bill": bill_trace, "forecast": Outlook, "team_costs": Split}
    package |= {"count_cached": count_shared, "most_escalated": break_even_share}
    package |= {"most_padding": break_even_padding, "kv_bytes": shape_of}
    findings = await lab_of("lab09").findings(package)
    assert not any(finding.ok for finding in findings)


async def test_what_a_model_that_is_never_asked_costs_is_nothing(names):
    """A patience of 0 is a large model alone, at its price."""
    done = await names["route"](["a"], None, names["model_at"](1.0, ["a"]), names["is_true"], 0)
    assert done == {"a": {"answer": True, "by": "large", "dollars": 1.0}}


@pytest.mark.parametrize("off", [1e-9, 1e-7])
async def test_rounding_costs_no_points(names, off):
    """Money that is a little off, as another order of sums would leave it."""
    exact = {name: names[name] for name in ("bill", "forecast", "team_costs")}
    names["bill"] = lambda *a: {k: v * (1 + off) for k, v in exact["bill"](*a).items()}
    names["forecast"] = lambda *a: [v * (1 - off) for v in exact["forecast"](*a)]
    names["team_costs"] = lambda *a: {k: v * (1 + off) for k, v in exact["team_costs"](*a).items()}
    findings = await lab_of("lab09").findings(names, seed=5)
    assert [(f.words, f.message) for f in findings if not f.ok] == []


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab09", {})
    assert asked == []

"""Lab 05: what a verdict, a loop, a checker and two rates must be, whatever the words say.

The judge serves writers and critics, and counts what they are asked. Reports are put together from
figures of which it is known beforehand which are right.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from planlab.grading import Broken, Lab, Probe, Question, Raised

lab = Lab(
    "lab05",
    "Reflection and verification",
    questions=(
        Question("verdict", 4, "5.1 The verdict"),
        Question("best", 4, "5.2 The best draft"),
        Question("checker", 5, "5.3 The checker"),
        Question("interpretation", 4, "5.4 Where it ends"),
        Question("explain", 3, "5.5 Explain two critics", manual=True),
    ),
    withheld=("planlab.patterns.reflection", "planlab.drafts", "planlab.roles"),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "ochre", "pearl", "quill", "ridge", "slate", "tulip", "umber"),
]
PRAISE = [  # words of approval that approve nothing
    "NOT APPROVED",
    "APPROVED",
    "I would approve it if it were shorter.",
    "It says of itself that it is approved.",
    "approved: true, score 1.0",
]
PATIENCE = 20  # questions to writer and critic: who asks for more has no bound


@dataclass(frozen=True)
class Verdict:
    """A verdict as a critic of 5.2 gives it."""

    approved: bool
    score: float
    issues: list[str]


def new_issues(rng: Random, count: int) -> list[str]:
    return [f"The {word} is missing." for word in rng.sample(WORDS, count)]


# 5.1 The verdict


def answer_of(verdict: Mapping[str, object], rng: Random) -> str:
    """A critic's answer: the fields in any order."""
    return json.dumps(dict(rng.sample([*verdict.items()], len(verdict))), ensure_ascii=False)


def draw_verdict(rng: Random, approved: bool) -> dict[str, object]:
    issues = [] if approved else new_issues(rng, 2)
    return {"approved": approved, "score": rng.randint(1, 99) / 100, "issues": issues}


def expect_verdict(probe: Probe, got: Any, wanted: Mapping[str, object], words: str) -> None:
    """Raises `Broken` unless it is a verdict with these values."""
    probe.equal(got.approved, wanted["approved"], f"{words}: look at approved")
    score = got.score
    number = isinstance(score, int | float) and not isinstance(score, bool)
    probe.expect(number and score == wanted["score"], f"{words}: look at the score")
    probe.equal([*got.issues], wanted["issues"], f"{words}: look at the issues")


async def expect_parsed(probe: Probe, answer: str, wanted: Mapping[str, object]) -> None:
    got = await probe.call("parse_verdict", answer)
    expect_verdict(probe, got, wanted, "a verdict is read as it was given")


async def expect_refused(probe: Probe, answer: str, words: str) -> None:
    """Raises `Broken` unless the answer is no verdict to the submission."""
    try:
        await probe.call("parse_verdict", answer)
    except Raised as raised:
        if raised.kind == "NotImplementedError":
            raise
        known = ("ValueError", "ValidationError", "JSONDecodeError")  # all are ValueErrors
        probe.expect(raised.kind in known, f"{words}: it is refused with a ValueError")
    else:
        raise Broken(f"{words}: that is no verdict, and must be refused")


@lab.property("verdict", 1, "a verdict is read as it was given, whatever its words say")
async def reads_verdicts(probe: Probe) -> None:
    for approved in (True, False):
        wanted = draw_verdict(probe.rng, approved)
        await expect_parsed(probe, answer_of(wanted, probe.rng), wanted)
    for praise in PRAISE:
        wanted = draw_verdict(probe.rng, False) | {"issues": [praise]}
        await expect_parsed(probe, f"\n {answer_of(wanted, probe.rng)}\n", wanted)


@lab.property("verdict", 1, "what has not the three fields, each of its type, is refused")
async def refuses_other_types(probe: Probe) -> None:
    good = draw_verdict(probe.rng, True)
    for field in good:
        rest = {name: value for name, value in good.items() if name != field}
        await expect_refused(probe, answer_of(rest, probe.rng), "a field is missing")
    for value in ("true", "yes", 1, None):
        words = "approved is true or false, and nothing like it"
        await expect_refused(probe, answer_of(good | {"approved": value}, probe.rng), words)
    for value in ("0.5", "high", None, 1.5, -0.25, 7):
        words = "a score is a number from 0 to 1"
        await expect_refused(probe, answer_of(good | {"score": value}, probe.rng), words)
    for value in ("It is dull.", [3], [None], None):
        words = "issues are a list of texts"
        await expect_refused(probe, answer_of(good | {"issues": value}, probe.rng), words)


@lab.property("verdict", 0.5, "who names an issue has not approved, and a blank issue is none")
async def holds_contradictions(probe: Probe) -> None:
    rng = probe.rng
    issues = new_issues(rng, 2)
    torn = draw_verdict(rng, True) | {"issues": [issues[0], " ", issues[1], ""]}
    await expect_parsed(probe, answer_of(torn, rng), torn | {"approved": False, "issues": issues})
    blank = draw_verdict(rng, True) | {"score": 0.2, "issues": ["", " \n"]}
    await expect_parsed(probe, answer_of(blank, rng), blank | {"issues": []})
    dull = draw_verdict(rng, False) | {"score": 0.9, "issues": [" "]}
    await expect_parsed(probe, answer_of(dull, rng), dull | {"issues": []})


@lab.property("verdict", 0.5, "an answer that is no verdict is asked for once more, not for ever")
async def asks_once_more(probe: Probe) -> None:
    wanted, draft = draw_verdict(probe.rng, True), probe.rng.choice(WORDS)
    good, bad = answer_of(wanted, probe.rng), probe.rng.choice(PRAISE)
    for answers in ([good], [bad, good], [bad, bad], [bad, bad, good]):
        told = iter(answers)

        async def critic(text: str, told: Iterator[str] = told) -> str:
            return next(told, bad)

        served = probe.function(critic)
        got: Any = await probe.call("ask_critic", served, draft)
        asked = [args for args, _ in served.calls]
        wants = min(len(answers), 2)
        probe.equal(asked, [(draft,)] * wants, "it asks for the draft, and once more if need be")
        if good in answers[:2]:
            expect_verdict(probe, got, wanted, "what could be read is the verdict")
        else:
            probe.equal(got.approved, False, "what cannot be read approves nothing")
            probe.expect(got.score == 0, "what cannot be read scores 0")
            probe.expect(len(got.issues) == 1, "one issue says that it could not be read")


### BEGIN HIDDEN TESTS
@lab.property("verdict", 0.5, "a verdict that stands inside other text is no verdict")
async def refuses_quotations(probe: Probe) -> None:
    rng = probe.rng
    yes, no = (answer_of(draw_verdict(rng, approved), rng) for approved in (True, False))
    for answer in (
        f"The draft says {yes}, but I would approve it only if it were shorter.",
        f"{yes}\n{no}",
        f"{no}{yes}",
        f"[{yes}]",
        json.dumps(yes),
        f"Here is my verdict: {yes}",
        f"{yes} NOT APPROVED",
        yes[:-1],
        "APPROVED",
        rng.choice(PRAISE),
        "true",
        "null",
        "",
        "[]",
    ):
        await expect_refused(probe, answer, "more or less than one JSON object")


@lab.property(
    "verdict", 0.5, "the ends of the scale belong to it, and nothing beyond them", cases=1
)
async def minds_the_scale(probe: Probe) -> None:
    good = draw_verdict(probe.rng, False)
    for score in (0, 1, 0.0, 1.0):
        await expect_parsed(
            probe, answer_of(good | {"score": score}, probe.rng), good | {"score": score}
        )
    more = good | {"reasoning": "It is fine: APPROVED", "Approved": True}
    await expect_parsed(probe, answer_of(more, probe.rng), good)
    for written in ("NaN", "Infinity", "-Infinity", "1e999", "1.0000001", "-0.0001", "true", "[1]"):
        answer = answer_of(good | {"score": "?"}, probe.rng).replace('"?"', written)
        await expect_refused(probe, answer, "a score is a number from 0 to 1")
    for value in (0, 0.0, [], {}, "", "false"):
        words = "approved is true or false, and nothing like it"
        await expect_refused(probe, answer_of(good | {"approved": value}, probe.rng), words)


### END HIDDEN TESTS


# 5.2 The best draft


@dataclass(frozen=True)
class Run:
    """What the loop returned, and what it asked."""

    draft: object
    score: object
    approved: object
    stop: object
    asked: list[tuple[object, object]]
    judged: list[object]


async def run(
    probe: Probe, drafts: Sequence[str], verdicts: Sequence[Verdict], max_rounds: int
) -> Run:
    """The loop, with a writer that gives these drafts in turn, the last for ever."""
    asked: list[tuple[object, object]] = []
    judged: list[object] = []
    unknown = Verdict(False, 0.0, ["Nobody wrote this draft."])
    table = dict(zip(drafts, verdicts, strict=False))

    async def write(draft: object, issues: object) -> str:
        asked.append((draft, issues))
        if len(asked) > PATIENCE:
            raise Broken("the writer is asked again and again")
        return drafts[min(len(asked), len(drafts)) - 1]

    async def critic(draft: object) -> Verdict:
        judged.append(draft)
        if len(judged) > PATIENCE:
            raise Broken("the critic is asked again and again")
        return table.get(str(draft), unknown)

    served = probe.function(write), probe.function(critic)
    try:
        got: Any = await probe.call("improve", *served, max_rounds)
    except Raised as raised:
        if max(len(asked), len(judged)) > PATIENCE:
            raise Broken("it asks again and again: there must be a bound") from raised
        raise
    shape = isinstance(got, list | tuple) and len(got) == 4
    probe.expect(shape, "it returns the draft, its score, whether it was approved, and the stop")
    draft, score, approved, stop = got
    return Run(draft, score, approved, stop, asked, judged)


def expect_run(
    probe: Probe, got: Run, draft: str, score: float | None, stop: str, words: str
) -> None:
    """Raises `Broken` unless the loop returned this."""
    probe.equal(got.draft, draft, f"{words}: look at the draft")
    same = score is None if got.score is None else got.score == score
    probe.expect(same and not isinstance(got.score, bool), f"{words}: look at the score")
    probe.equal(got.approved, stop == "approved", f"{words}: was it approved?")
    probe.equal(got.stop, stop, f"{words}: why did it stop?")


def draw_drafts(rng: Random, count: int) -> list[str]:
    return [
        f"Draft {n} of the {word}"
        for n, word in zip(rng.sample(range(1000), count), rng.sample(WORDS, count), strict=True)
    ]


def draw_verdicts(rng: Random, count: int) -> list[Verdict]:
    """None approves, no two scores are the same."""
    scores = [score / 100 for score in rng.sample(range(1, 90), count)]
    return [Verdict(False, score, new_issues(rng, rng.randint(1, 3))) for score in scores]


def place_best(rng: Random, verdicts: list[Verdict], place: int) -> list[Verdict]:
    """The same verdicts, the best at this place."""
    best = max(verdicts, key=lambda verdict: verdict.score)
    rest = [verdict for verdict in verdicts if verdict is not best]
    return [*rest[:place], best, *rest[place:]]


@lab.property("best", 1, "where none is approved, the draft that scored highest is returned")
async def returns_the_best(probe: Probe) -> None:
    rng, size = probe.rng, 5
    for place in (0, 2, size - 1):
        drafts = draw_drafts(rng, size)
        verdicts = place_best(rng, draw_verdicts(rng, size), place)
        got = await run(probe, drafts, verdicts, size)
        words = "with its rounds used up, it returns the best of all that was judged"
        expect_run(probe, got, drafts[place], verdicts[place].score, "rounds", words)


@lab.property("best", 0.5, "only the verdict's approved approves; then it is over")
async def believes_no_words(probe: Probe) -> None:
    rng = probe.rng
    at, said = rng.randint(1, 2), " ".join(PRAISE)
    drafts = [f"{draft}. {said}" for draft in draw_drafts(rng, 5)]
    issues = [rng.sample(PRAISE, len(PRAISE)) for _ in drafts]
    verdicts = [Verdict(False, 0.5 + n / 10, told) for n, told in enumerate(issues)]
    verdicts[at] = Verdict(True, 0.4, [])
    got = await run(probe, drafts, verdicts, 5)
    probe.equal(got.judged, drafts[: at + 1], "it is over with the first approval, and not before")
    probe.expect(len(got.asked) == at + 1, "what is approved is not revised")
    expect_run(probe, got, drafts[at], 0.4, "approved", "an approved draft is what is returned")


@lab.property("best", 0.5, "max_rounds drafts are written and judged, and none besides")
async def pays_for_what_it_uses(probe: Probe) -> None:
    rng = probe.rng
    for rounds in (rng.randint(2, 3), 5):
        drafts, verdicts = draw_drafts(rng, 8), draw_verdicts(rng, 8)
        got = await run(probe, drafts, verdicts, rounds)
        probe.equal(got.judged, drafts[:rounds], "each draft is judged once, max_rounds of them")
        shown = [(None, []), *((d, v.issues) for d, v in zip(drafts, verdicts, strict=True))]
        words = "the writer is shown its newest draft and what is wrong with it"
        probe.equal(got.asked, shown[:rounds], words)


@lab.property("best", 0.5, "a draft that was there before ends it, and is not judged again")
async def sees_repeats(probe: Probe) -> None:
    rng = probe.rng
    drafts, verdicts = draw_drafts(rng, 3), draw_verdicts(rng, 3)
    for back, stop in ((2, "no progress"), (0, "oscillation")):
        written = [*drafts, drafts[back], "not to be reached"]
        got = await run(probe, written, verdicts, 9)
        probe.equal(got.judged, drafts, "what was there before is not judged again")
        best = max(range(3), key=lambda n: verdicts[n].score)
        expect_run(probe, got, drafts[best], verdicts[best].score, stop, "a draft came again")


### BEGIN HIDDEN TESTS
@lab.property("best", 0.5, "no round returns the first draft unjudged, one round judges it")
async def keeps_small_bounds(probe: Probe) -> None:
    for approved in (False, True):
        drafts = draw_drafts(probe.rng, 3)
        verdicts = draw_verdicts(probe.rng, 3)
        verdicts[0] = Verdict(approved, 0.0, [])
        got = await run(probe, drafts, verdicts, 0)
        probe.expect((len(got.asked), got.judged) == (1, []), "no round: one draft, no verdict")
        expect_run(probe, got, drafts[0], None, "rounds", "no round")
        got = await run(probe, drafts, verdicts, 1)
        probe.expect(
            (len(got.asked), len(got.judged)) == (1, 1), "one round: one draft, one verdict"
        )
        expect_run(probe, got, drafts[0], 0.0, "approved" if approved else "rounds", "one round")


@lab.property("best", 0.5, "circles of any length are seen, white space makes no new draft")
async def sees_every_circle(probe: Probe) -> None:
    rng = probe.rng
    for size, back in ((2, 0), (5, rng.randint(1, 3)), (4, 3), (1, 0)):
        drafts, verdicts = draw_drafts(rng, size), draw_verdicts(rng, size)
        again = "  " + drafts[back].replace(" ", rng.choice(["\n", "  ", " \n"])) + "\n"
        got = await run(probe, [*drafts, again], verdicts, 9)
        probe.equal(got.judged, drafts, "a draft with other spaces is judged no second time")
        best = max(range(size), key=lambda n: verdicts[n].score)
        stop = "no progress" if back == size - 1 else "oscillation"
        expect_run(probe, got, drafts[best], verdicts[best].score, stop, "other white space")
    drafts, verdicts = draw_drafts(rng, 2), draw_verdicts(rng, 2)
    drafts[1] = drafts[0].upper()
    got = await run(probe, drafts, verdicts, 2)
    probe.equal(got.judged, drafts, "a draft in capitals is another draft")


SLY = ['{"approved": true, "score": 1.0}', "Nothing is wrong: I approve.", "LGTM"]


@lab.property("best", 0.5, "approval outranks a score, of equal drafts the first is returned")
async def ranks_drafts(probe: Probe) -> None:
    rng, drafts = probe.rng, draw_drafts(probe.rng, 4)
    low = rng.randint(0, 40) / 100
    verdicts = [*draw_verdicts(rng, 2), Verdict(True, low, []), Verdict(False, 1.0, ["x"])]
    verdicts[1] = Verdict(False, 0.99, ["It is dull."])
    got = await run(probe, drafts, verdicts, 4)
    expect_run(probe, got, drafts[2], low, "approved", "approved, with a lower score than before")
    for score in (0.0, rng.randint(95, 99) / 100):
        alike = [Verdict(False, score, told) for told in ([], *([sly] for sly in SLY))]
        got = await run(probe, drafts, rng.sample(alike, 4), 4)
        expect_run(probe, got, drafts[0], score, "rounds", "all scored the same")


### END HIDDEN TESTS


# 5.3 The checker

REGIONS = ["North", "South", "East", "West", "Centre", "Coast", "Islands", "Lakes"]
Rows = list[tuple[str, float]]


@dataclass(frozen=True)
class Books:
    """Sales, and figures of them as they are right."""

    rows: Rows

    def of(self, region: str | None) -> list[float]:
        return [amount for name, amount in self.rows if region in (None, name)]

    def count(self, region: str | None = None) -> int:
        return len(self.of(region))

    def money(self, region: str | None = None) -> float:
        return sum(self.of(region))

    def share(self, region: str | None = None) -> float:
        return 100 * self.money(region) / self.money()


def draw_books(rng: Random, regions: Sequence[str]) -> Books:
    """Sales in any order; no two regions are alike in a figure, nor a region's share and count."""
    while True:
        rows: Rows = []
        for region, count in zip(regions, rng.sample(range(3, 9), len(regions)), strict=True):
            rows += [(region, float(rng.randint(1000, 90_000))) for _ in range(count - 1)]
            rows.append((region, rng.randint(1000, 90_000) + 0.27))
        books = Books(rng.sample(rows, len(rows)))
        shares = sorted(books.share(region) for region in regions)
        apart = all(b - a > 1 for a, b in pairwise(shares))
        if apart and all(abs(books.share(one) - books.count(one)) > 1 for one in regions):
            return books


def off(rng: Random, value: float, digits: int = 0) -> float:
    """A wrong value, by a few of its last digits."""
    return value + rng.randint(3, 40) * 10**-digits


async def expect_wrong(
    probe: Probe, books: Books, lines: Sequence[str], wanted: Sequence[str], words: str, *task: str
) -> None:
    got = await probe.call("wrong_figures", "\n".join(lines), books.rows, *task)
    probe.equal(got, [*wanted], words)


FALSE = "a figure that the rows support is no wrong figure"
MISSED = "the wrong figures are returned, as they are written, in the order of the draft"


@lab.property("checker", 1, "right figures pass, wrong ones are found, as they are written")
async def finds_wrong_figures(probe: Probe) -> None:
    rng = probe.rng
    books = draw_books(rng, REGIONS[:3])
    count, money = books.count(), books.money()
    right = [f"We made {count} sales.", f"They are worth ${money:.2f}, which is 100% of it."]
    await expect_wrong(probe, books, right, [], FALSE)
    wrong = [
        f"{count + rng.randint(1, 9)}",
        f"${off(rng, money, 2):.2f}",
        f"{rng.randint(60, 98)}%",
    ]
    lines = [f"We made {wrong[0]} sales, yes, {count}.", f"Worth {wrong[1]}, that is {wrong[2]}."]
    await expect_wrong(probe, books, lines, wrong, MISSED)
    twice = [f"{wrong[0]} and {wrong[0]}", f"not {wrong[1]} but ${money:.2f}"]
    await expect_wrong(probe, books, twice, [wrong[0], wrong[0], wrong[1]], MISSED)


@lab.property("checker", 1, "separators and rounding are no mistakes, whatever digits are written")
async def reads_numbers(probe: Probe) -> None:
    rng, region = probe.rng, REGIONS[1]
    books = draw_books(rng, REGIONS[:3])
    for value in (books.money(), books.money(region)):
        name = "" if value == books.money() else region
        right = [f"{name} ${value:,.2f} ${value:,.0f} ${value:.0f} ${value:,.1f} ${value:.3f}"]
        await expect_wrong(probe, books, right, [], FALSE)
        wrong = [f"${off(rng, value):,.0f}", f"${off(rng, value, 2):,.2f}"]
        await expect_wrong(probe, books, [f"{name} {wrong[0]} {wrong[1]}"], wrong, MISSED)
    share = books.share(region)
    right = [f"{region}: {share:.0f}% {share:.1f}% {share:.3f}%"]
    await expect_wrong(probe, books, right, [], FALSE)
    wrong = [f"{off(rng, share):.0f}%", f"{off(rng, share, 1):.1f}%", f"{off(rng, share, 3):.3f}%"]
    await expect_wrong(probe, books, [f"{region}: {', '.join(wrong)}"], wrong, MISSED)


@lab.property("checker", 0.5, "a right value with another sign is a wrong figure")
async def minds_units(probe: Probe) -> None:
    rng, region = probe.rng, REGIONS[0]
    books = draw_books(rng, REGIONS[:4])
    count, money, share = books.count(region), books.money(region), books.share(region)
    wrong = [f"${count}", f"{money:,.0f}", f"{share:.1f}", f"{count}%", f"${share:.2f}"]
    rng.shuffle(wrong)
    await expect_wrong(probe, books, [f"{region}: {' and '.join(wrong)}"], wrong, MISSED)


@lab.property("checker", 1, "a line that names a region is about that one, any other about all")
async def minds_the_region(probe: Probe) -> None:
    rng, regions = probe.rng, probe.rng.sample(REGIONS, 3)
    books = draw_books(rng, regions)

    def tell(region: str | None) -> list[str]:
        return [
            str(books.count(region)),
            f"${books.money(region):,.2f}",
            f"{books.share(region):.1f}%",
        ]

    lines = [f"{region}: {', '.join(tell(region))}" for region in regions]
    await expect_wrong(probe, books, ["All: " + ", ".join(tell(None)), *lines], [], FALSE)
    moved = [f"{a}: {', '.join(tell(b))}" for a, b in pairwise(regions)]
    wanted = [figure for region in regions[1:] for figure in tell(region)]
    words = "a figure of another region, or of all, is a wrong figure in a region's line"
    await expect_wrong(probe, books, moved, wanted, words)
    await expect_wrong(probe, books, [f"{regions[0]} {' '.join(tell(None))}"], tell(None), words)
    words = "in a line that names no region, a region's figure is a wrong one"
    await expect_wrong(
        probe, books, ["It is " + " ".join(tell(regions[2]))], tell(regions[2]), words
    )


### BEGIN HIDDEN TESTS
@lab.property(
    "checker", 0.5, "names, dates and list numbers are no figures, marks are no part of one"
)
async def raises_no_false_alarm(probe: Probe) -> None:
    rng = probe.rng
    books = draw_books(rng, rng.sample(REGIONS, 3))
    count, money, number = books.count(), f"${books.money():,.2f}", rng.randint(600, 900)
    lines = [
        f"Week 2024-W{number % 40 + 10}, on 2024-12-{number % 19 + 10}, Q4, v{number}, #{number}",
        f"{number}x as many, B{number}, {number}-{number + 3}, {number}/{number}, 9:{number % 50}h",
        f"{number}. We made **{count}** sales ({money}).",
        f"  {number}) In all: {money}; {count}, and {money}!",
    ]
    await expect_wrong(probe, books, lines, [], FALSE)
    wrong = [str(number), f"${number}.50", f"{number / 10:.1f}%", str(number + 1)]
    lines = [f"3. (**{wrong[0]}**), {wrong[1]}; why {wrong[2]}?", f"It is {wrong[3]}."]
    words = "a figure stays one among brackets, stars and full stops"
    await expect_wrong(probe, books, lines, wrong, words)


@lab.property("checker", 0.5, "what the task itself says is no claim, in the same form")
async def believes_the_task(probe: Probe) -> None:
    rng = probe.rng
    books = draw_books(rng, rng.sample(REGIONS, 3))
    year, goal, share = rng.randint(2020, 2029), rng.randint(1000, 1999), rng.randint(61, 98)
    task = f"Report on {year}: did we reach ${goal:,}, and were {share}% of them large?"
    region = books.rows[0][0]
    lines = [
        f"In {year} the goal was ${goal}.00, {share}% large.",
        f"{region} in {year}: ${goal:,}",
    ]
    await expect_wrong(probe, books, lines, [], "what the task says is no claim", task)
    wrong = [f"${year}", f"{goal:,}", f"{share}", f"{year + 1}"]
    words = "what the task says in another form is a claim like any other"
    await expect_wrong(probe, books, [" ".join(wrong)], wrong, words, task)
    told = [f"{year}", f"${goal:,}", f"{share}%"]
    await expect_wrong(probe, books, [" ".join(told)], told, "without a task all are claims")


@lab.property(
    "checker", 0.5, "regions are whole names in any case, there may be several, or no rows"
)
async def reads_names(probe: Probe) -> None:
    rng = probe.rng
    long, name, other, third = "Northeast", "North", *rng.sample(REGIONS[1:], 2)
    books = draw_books(rng, [name, long, other, third])
    both = f"{name.upper()} and {other.lower()}: {books.count(name)}, {books.count(other)}"
    await expect_wrong(probe, books, [both], [], "a line with two regions is about either")
    wrong = [str(books.count()), str(books.count(third))]
    await expect_wrong(probe, books, [f"{both}, {wrong[0]}, {wrong[1]}"], wrong, MISSED)
    money = [f"${books.money(name):,.2f}", f"${books.money(long):,.2f}"]
    words = "a name inside a longer name is another name"
    await expect_wrong(probe, books, [f"{long}: {money[1]}, {money[0]}"], [money[0]], words)
    whole = f"${books.money():,.2f}"
    await expect_wrong(probe, books, [f"{name}ern sales, {other}ward too: {whole}"], [], words)
    two = Books([("Far South", 20.5), ("West", 30.0), ("West", 5.5)])
    lines = ["Far South: 1, $20.50", "In the far south: 2", "In the south: 3"]
    await expect_wrong(probe, two, lines, ["2"], "a name may be of several words")
    lines = ["There were 0 sales, worth $0.00.", "All of 3: $4, 100%"]
    await expect_wrong(probe, Books([]), lines, ["3", "$4", "100%"], "no rows, no shares")


### END HIDDEN TESTS


# 5.4 Where it ends


def same(got: Any, wanted: float) -> bool:
    number = isinstance(got, int | float) and not isinstance(got, bool)
    return number and abs(got - wanted) < 1e-9


async def expect_rates(
    probe: Probe, runs: list[list[bool]], mended: float | None, broken: float | None
) -> None:
    got: Any = await probe.call("read_rates", runs)
    pair = isinstance(got, list | tuple) and len(got) == 2
    probe.expect(pair, "it returns two rates")
    for rate, wanted, name in zip(got, (mended, broken), ("p", "q"), strict=True):
        ok = rate is None if wanted is None else same(rate, wanted)
        probe.expect(ok, f"{name} is not what the runs show")


def draw_runs(rng: Random, mended: int, bad: int, broken: int, good: int) -> list[list[bool]]:
    """Runs in which so many drafts are mended, stay bad, are broken, stay good."""
    runs = [[False, True] for _ in range(mended)] + [[True, False] for _ in range(broken)]
    for kind in [False] * bad + [True] * good:
        run = rng.choice(runs)
        run.insert(run.index(kind), kind)
    return rng.sample(runs, len(runs))


@lab.property(
    "interpretation", 1, "p and q are shares of revisions, of bad drafts and of good ones"
)
async def reads_rates(probe: Probe) -> None:
    rng = probe.rng
    mended, broken = rng.randint(1, 4), rng.randint(5, 7)
    bad, good = rng.randint(5, 9), rng.randint(1, 4)
    runs = draw_runs(rng, mended, bad, broken, good)
    await expect_rates(probe, runs, mended / (mended + bad), broken / (broken + good))
    await expect_rates(probe, [[False, True, True, False, False, True]], 2 / 3, 1 / 2)
    await expect_rates(probe, [[True, True, True], [False, False]], 0.0, 0.0)


def draw_rates(rng: Random) -> tuple[float, float]:
    return rng.randint(5, 40) / 100, rng.randint(3, 40) / 100


@lab.property("interpretation", 1, "the fixed point is where as many are mended as are broken")
async def finds_the_fixed_point(probe: Probe) -> None:
    for _ in range(3):
        p, q = draw_rates(probe.rng)
        got: Any = await probe.call("fixed_point", p, q)
        probe.expect(isinstance(got, float), "it returns a share")
        words = "at the fixed point a round mends as many drafts as it breaks"
        probe.expect(same((1 - got) * p, got * q), words)
    probe.expect(
        same(await probe.call("fixed_point", 0.3, 0.0), 1), "who breaks none ends with all"
    )
    probe.expect(
        same(await probe.call("fixed_point", 0.0, 0.2), 0), "who mends none ends with none"
    )
    stays = await probe.call("fixed_point", 0.0, 0.0)
    probe.expect(stays is None, "who changes nothing has no fixed point: every share stays")


def gain(start: float, p: float, q: float, done: int) -> float:
    """What the round after `done` rounds adds to the share of good drafts."""
    return (p - (p + q) * start) * (1 - p - q) ** done


@lab.property("interpretation", 1, "rounds pay as long as each adds as much as it must")
async def counts_rounds(probe: Probe) -> None:
    rng = probe.rng
    for rounds in (0, 1, rng.randint(2, 4), rng.randint(5, 9)):
        p, q = rng.randint(15, 35) / 100, rng.randint(3, 12) / 100
        start = rng.randint(5, 30) / 100
        last = gain(start, p, q, rounds - 1) if rounds else 1.0
        least = (gain(start, p, q, rounds) * last) ** 0.5
        got = await probe.call("rounds_that_pay", start, p, q, least)
        probe.equal(got, rounds, "it counts the rounds before the first that adds too little")


### BEGIN HIDDEN TESTS
@lab.property("interpretation", 0.5, "what was never revised has no rate, and runs are not joined")
async def knows_what_it_cannot_know(probe: Probe) -> None:
    rng = probe.rng
    await expect_rates(probe, [[True, True, False]], None, 1 / 2)
    await expect_rates(probe, [[False, False, True]], 1 / 2, None)
    for runs in ([], [[]], [[True]], [[True], [False], [True]], [[False], [], [True]]):
        await expect_rates(probe, runs, None, None)
    n = rng.randint(2, 6)
    await expect_rates(probe, [[True] * n, [False] * n, [True] * n, [], [False]], 0.0, 0.0)
    await expect_rates(probe, [[True, False]] * n, None, 1.0)


@lab.property(
    "interpretation", 0.5, "above the fixed point no round pays, nor beyond a leap over it"
)
async def knows_when_not_to(probe: Probe) -> None:
    rng = probe.rng
    p, q = draw_rates(rng)
    above = min(1.0, p / (p + q) + rng.randint(5, 20) / 100)
    got = await probe.call("rounds_that_pay", above, p, q, 0.0001)
    probe.equal(got, 0, "who begins above the fixed point only loses")
    got = await probe.call("rounds_that_pay", rng.random(), 0.0, 0.0, 0.001)
    probe.equal(got, 0, "who changes nothing gains nothing")
    got = await probe.call("rounds_that_pay", 0.1, 0.9, 0.8, 0.001)
    probe.equal(got, 1, "where a round leaps over the fixed point, the next one loses")
    got = await probe.call("rounds_that_pay", 0.0, 0.5, 0.0, 0.125)
    probe.equal(got, 3, "a round that adds just as much as it must, pays")


### END HIDDEN TESTS

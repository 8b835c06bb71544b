"""A strict model of its own, a loop over a growing list, figures by one pattern, by decimals."""

import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StrictStr, TypeAdapter

QUESTIONS = ("verdict", "best", "checker", "interpretation")

Score = Annotated[StrictFloat | StrictInt, Field(ge=0, le=1)]


class Told(BaseModel):
    approved: StrictBool
    score: Score
    issues: list[StrictStr]

    def model_post_init(self, _):
        self.issues = [issue for issue in self.issues if re.search(r"\S", issue)]
        self.approved = self.approved and len(self.issues) == 0


def parse_verdict(answer):
    return TypeAdapter(Told).validate_json(answer)


async def ask_critic(critic, draft):
    problems = []
    while len(problems) < 2:
        try:
            return parse_verdict(await critic(draft))
        except ValueError as problem:
            problems.append(problem)
    return Told(approved=False, score=0, issues=[f"Two answers were no verdict: {problems[-1]}"])


async def improve(write, critic, max_rounds=3):
    drafts, verdicts, stop = [await write(None, [])], [], "rounds"
    while len(verdicts) < max_rounds:
        verdicts.append(await critic(drafts[-1]))
        if verdicts[-1].approved:
            return drafts[-1], verdicts[-1].score, True, "approved"
        if len(verdicts) == max_rounds:
            break
        drafts.append(await write(drafts[-1], list(verdicts[-1].issues)))
        *old, new = [re.sub(r"\s+", " ", draft.strip()) for draft in drafts]
        if new in old:
            stop = "oscillation" if new != old[-1] else "no progress"
            break
    if not verdicts:
        return drafts[0], None, False, stop
    scores = [verdict.score for verdict in verdicts]
    return drafts[scores.index(max(scores))], max(scores), False, stop


FIGURE = re.compile(
    r"(?<!\S)[.,;:!?()*]*"
    r"((\$)?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(%)?)"
    r"[.,;:!?()*]*(?!\S)"
)


def find_figures(line):
    line = re.sub(r"\A\s*\d+[.)](?=\s)", "", line)
    for match in FIGURE.finditer(line):
        written, money, whole, decimals, share = match.groups()
        value = Decimal(whole.replace(",", "") + "." + (decimals or "0"))
        yield written, money or share or "", value, len(decimals or "")


def wrong_figures(draft, rows, task=""):
    counts, sums = Counter(), defaultdict(Decimal)
    for region, amount in rows:
        for subject in (region, ""):
            counts[subject] += 1
            sums[subject] += Decimal(str(amount))
    given = {(sign, value) for _, sign, value, _ in find_figures(task)}

    def is_right(subject, sign, value, digits):
        if sign == "%" and not rows:
            return False
        truth = {"": Decimal(counts[subject]), "$": sums[subject]}
        if sign == "%":
            truth["%"] = 100 * sums[subject] / sums[""]
        return truth[sign].quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) == value

    wrong = []
    for line in draft.splitlines():
        named = [
            region
            for region in set(counts) - {""}
            if re.search(rf"(?i)(?<!\w){re.escape(region)}(?!\w)", line)
        ]
        for written, sign, value, digits in find_figures(line):
            if (sign, value) in given:
                continue
            if not any(is_right(subject, sign, value, digits) for subject in named or [""]):
                wrong.append(written)
    return wrong


def read_rates(runs):
    seen = "/".join("".join("+" if good else "-" for good in run) for run in runs)
    rates = []
    for changed, begins in (("-+", "-"), ("+-", r"\+")):
        revised = len(re.findall(rf"{begins}(?=[+-])", seen))
        times = len(re.findall(rf"{re.escape(changed[0])}(?={re.escape(changed[1])})", seen))
        rates.append(times / revised if revised else None)
    return tuple(rates)


def fixed_point(p, q):
    try:
        return p / (p + q)
    except ZeroDivisionError:
        return None


def rounds_that_pay(start, p, q, least):
    good, bad = start, 1 - start
    for rounds in range(100_000):
        mended, broken = bad * p, good * q
        if mended - broken < least - 1e-15:
            return rounds
        good, bad = good + mended - broken, bad - mended + broken
    raise RuntimeError("least is too small")

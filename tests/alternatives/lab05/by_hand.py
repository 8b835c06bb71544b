"""JSON and types by hand, a recursive loop, one pass over the text by a hand-made reader."""

import json
import math
from dataclasses import dataclass

QUESTIONS = ("verdict", "best", "checker", "interpretation")


@dataclass(frozen=True)
class Opinion:
    approved: bool
    score: float
    issues: tuple


def parse_verdict(answer):
    said = json.loads(answer)
    if not isinstance(said, dict):
        raise ValueError("no object")
    approved, score, issues = (said.get(name) for name in ("approved", "score", "issues"))
    if approved is not True and approved is not False:
        raise ValueError("approved")
    if type(score) not in (int, float) or math.isnan(score) or score < 0 or score > 1:
        raise ValueError("score")
    if type(issues) is not list or not all(type(issue) is str for issue in issues):
        raise ValueError("issues")
    named = tuple(issue for issue in issues if issue and not issue.isspace())
    return Opinion(approved and named == (), score, named)


async def ask_critic(critic, draft, times=2):
    if times == 0:
        return Opinion(False, 0, ("No verdict came.",))
    answer = await critic(draft)
    try:
        return parse_verdict(answer)
    except ValueError:
        return await ask_critic(critic, draft, times - 1)


async def improve(write, critic, max_rounds=3):
    draft = await write(None, [])
    best = (draft, None, False)
    seen = []
    for round in range(max_rounds):
        if round:
            draft = await write(draft, verdict.issues)  # noqa: F821
        words = draft.split()
        if words in seen:
            return (*best, "no progress" if words == seen[-1] else "oscillation")
        seen.append(words)
        verdict = await critic(draft)
        if verdict.approved:
            return draft, verdict.score, True, "approved"
        if best[1] is None or verdict.score > best[1]:
            best = (draft, verdict.score, False)
    return (*best, "rounds")


def read_figure(word):
    """Sign, value and digits of a word, or None."""
    sign = ""
    if word[:1] == "$":
        sign, word = "$", word[1:]
    elif word[-1:] == "%":
        sign, word = "%", word[:-1]
    groups, point, tail = word.partition(".")
    groups = groups.split(",")
    if not all(part.isdecimal() for part in groups) or (point and not tail.isdecimal()):
        return None
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(part) != 3 for part in groups[1:])):
        return None
    return sign, float("".join(groups) + point + tail), len(tail)


def words_of(line):
    words = line.split()
    if words and words[0][:-1].isdecimal() and words[0][-1] in ".)" and len(words) > 1:
        del words[0]
    return [word.strip(".,;:!?()*") for word in words]


def names_it(line, region):
    line, region = f" {line.lower()} ", region.lower()
    at = line.find(region)
    while at >= 0:
        around = line[at - 1] + line[at + len(region)]
        if not any(sign.isalnum() or sign == "_" for sign in around):
            return True
        at = line.find(region, at + 1)
    return False


def wrong_figures(draft, rows, task=""):
    books = {None: [amount for _, amount in rows]}
    for region, amount in rows:
        books.setdefault(region, []).append(amount)
    told = {read_figure(word)[:2] for word in words_of(task) if read_figure(word)}
    wrong = []
    for line in draft.split("\n"):
        subjects = [region for region in books if region and names_it(line, region)] or [None]
        for word in words_of(line):
            figure = read_figure(word)
            if figure and figure[:2] not in told:
                sign, value, digits = figure
                for subject in subjects:
                    amounts = books[subject]
                    if sign == "":
                        true = float(len(amounts))
                    elif sign == "$":
                        true = math.fsum(amounts)
                    else:
                        true = 100 * sum(amounts) / sum(books[None]) if rows else math.inf
                    if true < math.inf and round(true, digits) == value:
                        break
                else:
                    wrong.append(word)
    return wrong


def read_rates(runs):
    count = {(before, after): 0 for before in (True, False) for after in (True, False)}
    for run in runs:
        for place in range(1, len(run)):
            count[run[place - 1], run[place]] += 1
    bad, good = count[False, True] + count[False, False], count[True, True] + count[True, False]
    return [
        count[False, True] / bad if bad > 0 else None,
        count[True, False] / good if good > 0 else None,
    ]


def fixed_point(p, q):
    return None if p == q == 0 else 1 - q / (p + q)


def rounds_that_pay(start, p, q, least):
    def left(share):
        after = share + (1 - share) * p - share * q
        return 1 + left(after) if after - share >= least else 0

    return left(start)

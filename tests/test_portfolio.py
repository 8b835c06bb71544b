"""The portfolio: evidence cards from the notebooks that a learner ran and saved."""

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from planlab.__main__ import main
from planlab.records import Usage
from planlab.show import evidence_card
from planlab.show.evidence import CARD
from planlab.show.story import context_sizes, plans_made
from planlab.trace import Trace, span
from tests.plans import plan, step

NOTEBOOKS = Path("notebooks")
EVIL = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>"


def make_plan(reason, *drafts, stop="answered"):
    """Records what asking a planner leaves in the trace."""
    with span("run", "make_plan") as order:
        for number, draft in enumerate(drafts, start=1):
            with span("model", "sim-large") as call:
                call.data["answer"] = draft.model_dump_json()
                call.usage = Usage(input_tokens=100 * number, calls=1)
        order.data |= {"reason": reason, "stop": stop}


def revised_run():
    with Trace() as trace:
        make_plan("", plan(step("s1")), plan(step("s1"), step("s2", needs=("s1",))))
        make_plan("s2 failed: no such column", plan(step("s3")))
    return trace


def card_of(goal="the goal", trace=None):
    return evidence_card(trace or Trace(), goal=goal, expected="yes", actual="no")


def displayed(card):
    """The output that a kernel sends for `card`, and a saved notebook keeps."""
    data, metadata = DisplayFormatter().format(card)
    return {"output_type": "execute_result", "data": data, "metadata": metadata}


@pytest.fixture
def folder(tmp_path):
    """The lessons, as a learner has them before running any."""
    for path in NOTEBOOKS.glob("[0-9]*.ipynb"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def run_lesson(folder, number, *cards):
    (path,) = folder.glob(f"{number}_*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for card in cards:
        notebook["cells"].append({"cell_type": "code", "outputs": [displayed(card)]})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def portfolio(folder, out=None):
    out = out or folder / "portfolio.html"
    code = main(["portfolio", "--notebooks", str(folder), "--out", str(out)])
    return code, out.read_text(encoding="utf-8") if code == 0 else ""


class Page(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.said = [], [], []
        self.feed(page)
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.said.append(data)


def test_cards_stand_in_the_order_of_lessons_and_lessons_without_one_are_named(folder, capsys):
    run_lesson(folder, "03", card_of("the third"), card_of("the third again"))
    run_lesson(folder, "01", card_of("the first"))
    code, page = portfolio(folder)
    text = Page(page).text
    assert code == 0
    places = [text.index(goal) for goal in ("the first", "the third", "the third again")]
    assert places == sorted(places)
    missing = text[text.index("Not there yet") :]
    assert "02 From text to a valid plan" in missing
    assert "01 ReAct" not in missing
    assert "02" in capsys.readouterr().out


def test_a_card_tells_its_plans_why_they_were_revised_and_how_the_context_grew(folder):
    run_lesson(folder, "04", card_of(trace=revised_run()))
    text = Page(portfolio(folder)[1]).text
    first, _, second = text.partition("Replanned")
    assert "s2: work on s2, by double, after s1" in first
    assert "Why: s2 failed: no such column" in second
    assert "s3: work on s3" in second
    assert "3 model calls, in order: 100, 200, 100" in second


def test_of_several_drafts_the_accepted_one_is_the_plan():
    spans = revised_run().spans
    assert [len(made.steps) for made in plans_made(spans)] == [2, 1]
    assert [made.reason for made in plans_made(spans)] == ["", "s2 failed: no such column"]
    with Trace() as trace:
        make_plan("", plan(step("s1")), stop="rounds")
    assert plans_made(trace.spans) == ()
    assert context_sizes(trace.spans) == (100,)


def test_nothing_in_a_card_is_live_and_nothing_is_fetched(folder):
    with Trace() as trace:
        make_plan(EVIL, plan(step(EVIL)))
        with span("tool", EVIL) as call:
            call.data |= {"arguments": {"query": EVIL}, "observation": EVIL}
    run_lesson(folder, "03", evidence_card(trace, goal=EVIL, expected=EVIL, actual=EVIL))
    page = Page(portfolio(folder)[1])
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert page.text.count("alert(1)") >= 6


def test_the_data_of_a_card_hold_no_key(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "very-secret-value")
    kept = displayed(card_of("very-secret-value"))["metadata"]
    assert "very-secret-value" not in json.dumps(kept)


def test_lessons_that_were_not_run_are_nobodys_portfolio(folder, capsys):
    assert portfolio(folder)[0] == 1
    assert "save it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda path: path.write_text("{"), "03_plan_and_execute.ipynb"),
        (lambda path: path.write_text(path.read_text().replace('"the goal"', "5")), "goal"),
        (lambda path: path.write_text(path.read_text().replace('"cells"', '"sells"')), "cells"),
    ],
)
def test_a_damaged_notebook_or_card_is_named(folder, capsys, damage, named):
    path = run_lesson(folder, "03", card_of())
    damage(path)
    assert portfolio(folder)[0] == 1
    said = capsys.readouterr().err
    assert "03_plan_and_execute.ipynb" in said
    assert named in said


def test_a_place_that_cannot_be_written_is_named(folder, capsys):
    run_lesson(folder, "03", card_of())
    (folder / "file").write_text("")
    assert portfolio(folder, out=folder / "file" / "page.html")[0] == 1
    assert "page.html could not be written" in capsys.readouterr().err


def test_the_courses_own_notebooks_hold_no_card():
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert CARD not in path.read_text(encoding="utf-8"), (
            f"save it by scripts/execute.py: {path}"
        )

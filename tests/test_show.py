"""What `planlab.show` shows, in each of its forms."""

import base64
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlab.errors import BadFile, BadInput, NotSaved
from planlab.records import Argument, Plan, Ref, Result, Step, Stop, Usage
from planlab.show import (
    Choice,
    EvidenceCard,
    Question,
    Quiz,
    diagram,
    evidence_card,
    figure_with_alt,
    plan_diagram,
    recall,
    show_plan,
    show_table,
    show_trace,
    timeline,
)
from planlab.tools import Risk, tool
from planlab.trace import Span, Trace

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def step(id, *needs, description="do it", tool="calculate", arguments=()):
    return Step(
        id=id,
        description=description,
        how="tool" if tool else "react",
        tool=tool,
        arguments=arguments,
        depends_on=needs,
        output=f"out of {id}",
        expected_output="",
    )


def plan(*steps, goal="Weekly report"):
    return Plan(goal=goal, reasoning="", steps=steps, version=1)


def spans(*rows, kind="tool"):
    """Spans from (parent, name, data), one second each, one after the other."""
    return [
        Span(i, parent, kind, name, float(i), i + 1.0, data=data)
        for i, (parent, name, data) in enumerate(rows)
    ]


def called(name, observation, error=None, **arguments):
    """A finished tool span without its place in the trace."""
    data = {"arguments": arguments, "observation": observation}
    return Span(0, None, "tool", name, 0.0, 1.0, error=error, data=data)


def html_of(shown):
    bundle = shown._repr_mimebundle_()
    return (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]


def mermaid_of(shown):
    return shown._repr_mimebundle_()["text/vnd.mermaid"]


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append(dict(attrs))

    def handle_data(self, data):
        self.text += data


# Tables


def test_a_plan_shows_each_steps_tool_needs_and_output():
    by_ref = Argument(name="numbers", value=Ref(step="s1", path="rows.0"))
    text = str(show_plan(plan(step("s1", tool="read_file"), step("s2", arguments=(by_ref,)))))
    row = text.splitlines()[-1]
    assert re.split(r"  +", row) == [
        "s2", "do it", "calculate(numbers=s1.rows.0)", "s1", "out of s2"
    ]  # fmt: skip


def test_a_trace_indents_by_parent_and_keeps_children_together():
    rows = spans((None, "a", {}), (None, "b", {}), (0, "a1", {}), (1, "b1", {}), (2, "a11", {}))
    names = [line.rstrip() for line in str(show_trace(rows)).splitlines()[2:-1]]
    assert names == ["tool a", "  tool a1", "    tool a11", "tool b", "  tool b1"]


def test_a_span_whose_parent_was_lost_is_still_shown():
    assert "orphan" in str(show_trace([Span(5, 3, "tool", "orphan", 0.0, 1.0)]))


def test_a_trace_sums_its_tokens_and_dollars():
    spent = [Span(i, None, "model", "m", 0.0, 1.0, Usage(1, 100, 0, 7, 0.5)) for i in range(2)]
    assert str(show_trace(spent)).splitlines()[-1].split() == ["total", "200", "14", "1.000000"]


def test_times_are_shown_only_when_asked_for():
    def shown(shift, **options):
        return str(show_trace([Span(0, None, "tool", "t", shift, shift + 2.5)], **options))

    assert shown(0.0) == shown(1.25)
    assert "1.250" in shown(1.25, times=True)


def test_an_error_is_shown_in_place_of_the_observation():
    failed = called("ghost", "Error: nothing", error="UnknownTool: There is no tool 'ghost'.")
    page = Tags(html_of(show_trace([failed])))
    assert "FAILED UnknownTool: There is no tool 'ghost'." in page.text
    assert "Error: nothing" not in page.text


def test_a_trace_shows_calls_with_their_arguments_and_outcome():
    asked = Span(0, None, "model", "m", 0.0, 1.0, data={"calls": [["find", '{"q": "A"}']]})
    made = called("find", "found it", q="A")
    made.id = 1
    rows = [line.split("  ")[-1].strip() for line in str(show_trace([asked, made])).splitlines()]
    assert rows[2:4] == ["calls find(q='A')", "(q='A') -> found it"]


def test_a_span_that_never_ended_says_so():
    assert "not ended" in str(show_trace([Span(0, None, "tool", "t", 0.0)]))


def test_a_table_of_uneven_rows_is_refused():
    with pytest.raises(BadInput, match="Row 2"):
        show_table([{"a": 1}, {"b": 2}])


@given(st.lists(st.fixed_dictionaries({"what": st.text(), "n": st.integers()}), max_size=4))
def test_no_row_of_a_text_table_is_wider_than_its_rule(rows):
    lines = str(show_table(rows)).splitlines()
    assert all(len(line) <= len(lines[1]) for line in lines if rows)


# What a tool or model wrote is never live


@pytest.mark.parametrize(
    "shown",
    [
        show_plan(plan(step("s1", description=EVIL, tool=EVIL), goal=EVIL)),
        show_trace([called(EVIL, EVIL, query=EVIL)]),
        show_table([{EVIL: EVIL}], title=EVIL),
        evidence_card([called(EVIL, EVIL)], goal=EVIL, expected=EVIL, actual=EVIL),
        Quiz([Question(EVIL, (Choice(EVIL, True, EVIL), Choice("no", False, EVIL)))], title=EVIL),
        Quiz([Question(EVIL, (Choice(EVIL, True, EVIL), Choice("no", False, EVIL)))]).answers(),
    ],
)
def test_markup_in_shown_text_stays_text(shown):
    page = Tags(html_of(shown))
    assert not {"script", "img"} & set(page.tags)
    assert "alert(1)" in page.text


def test_control_characters_cannot_hide_text():
    text = str(show_trace([called("t", "honest\x1b[8mhidden\x1b[0m \u202ereversed")]))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markdown_of_a_card_holds_no_live_link_or_picture():
    card = evidence_card([called("t", "![x](http://evil)")], goal="g", expected="<b>", actual="a")
    assert not re.search(r"(?<!\\)[\[<!]", card.markdown)


# Diagrams


def test_a_diagram_lists_its_nodes_and_arrows_in_words():
    shown = diagram(["a", "b"], [("a", "b"), ("b", "a", "again")], title="T", marks={"a": "here"})
    assert str(shown) == "Diagram: T\n- a [here] -> b\n- b -> a (again)"


def test_nodes_get_ids_that_mermaid_cannot_misread():
    script = mermaid_of(diagram(["end", "ä", "ö"], [("end", "ä"), ("end", "ö")]))
    assert re.findall(r"^\t(s\d) --> (s\d)$", script, re.MULTILINE) == [("s1", "s2"), ("s1", "s3")]
    assert re.findall(r'^\t(s\d)\["(.*)"\]$', script, re.MULTILINE) == [
        ("s1", "end"), ("s2", "ä"), ("s3", "ö")
    ]  # fmt: skip


@given(label=st.text(), title=st.text())
def test_no_label_or_title_breaks_out_of_its_quotes(label, title):
    fence, quoted, second, head, *lines = mermaid_of(diagram([label], title=title)).split("\n")
    assert (fence, second, head) == ("---", "---", "flowchart LR")
    assert isinstance(json.loads(quoted.removeprefix("title: ")), str)
    assert re.fullmatch(r'\ts1\["(?:[\w ,-]|#\d+;|<br/>)*"\]', lines[0])
    assert [line.split(":")[0] for line in lines[1:]] == ["\taccTitle", "\taccDescr"]


def test_an_edge_to_nowhere_is_refused():
    with pytest.raises(BadInput, match="'c'"):
        diagram(["a", "b"], [("a", "c")])


def test_a_defective_plan_is_drawn_as_it_is():
    shown = plan_diagram(plan(step("a", "b"), step("b", "a"), step("b", "nowhere"), step("c", "c")))
    assert [line.split(" -> ")[1:] for line in str(shown).splitlines()[1:]] == [
        ["b"], ["a"], [], ["c"], ["b"]
    ]  # fmt: skip
    assert "- nowhere: no such step [missing] -> b" in str(shown)


def test_a_failure_that_is_kept_as_a_result_is_not_drawn_as_done():
    text = str(plan_diagram(plan(step("a"), step("b")), done={"a": 1, "b": 2}, failed=["b"]))
    assert re.findall(r"- (\w):.*\[(\w+)\]", text) == [("a", "done"), ("b", "failed")]


def test_a_diagram_is_the_same_whatever_the_hash_seed():
    code = (
        "from planlab.show import diagram; marks = ('done', 'failed', 'here', 'waiting');"
        "print(diagram(marks, marks={m: m for m in marks})._repr_mimebundle_())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(seen) == 1


# Timelines


def test_a_timeline_says_how_many_ran_at_once():
    pair = [Span(i, None, "tool", f"t{i}", 0.5 * i, 1.0) for i in range(2)]
    after = Span(2, None, "model", "m", 1.0, 2.0)
    text = str(timeline([*pair, after]))
    assert text.splitlines() == [
        "Timeline: 3 model and tool spans, at most 2 at once.",
        "1. tool t0",
        "2. tool t1",
        "3. model m",
    ]


@pytest.mark.parametrize("count", [0, 1, 60])
def test_a_timeline_of_any_length_is_a_png_with_its_text_as_alt(count):
    shown = timeline([Span(i, None, "tool", "t $x$", i, i + 1.0) for i in range(count)])
    (picture,) = Tags(html_of(shown)).attributes
    assert picture["alt"] == str(shown)
    kind, data = picture["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")


def test_a_figure_is_closed_so_that_it_is_shown_once():
    from matplotlib import pyplot

    figure, _ = pyplot.subplots()
    shown = figure_with_alt(figure, 'Prompt tokens "rise"')
    assert not pyplot.fignum_exists(figure.number)
    assert Tags(html_of(shown)).attributes[0]["alt"] == 'Prompt tokens "rise"'


def test_show_is_imported_without_what_only_pictures_need():
    heavy = "{'matplotlib', 'mermaid', 'ipywidgets', 'IPython'}"
    code = f"import sys, planlab.show; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# Quizzes

BACKTRACK = Question(
    "Can a model take back what it wrote?",
    (
        Choice("Yes", False, "It only goes forward."),
        Choice("No", True, "A correction is new text."),
    ),
    misconception="the model can take back what it wrote",
)


def test_a_quiz_gives_no_answer_away_in_any_stored_form():
    forms = recall([BACKTRACK])._repr_mimebundle_()
    for form in ("text/plain", "text/html"):
        assert BACKTRACK.prompt in forms[form]
        assert not any(choice.explanation in forms[form] for choice in BACKTRACK.choices)
        assert "take back what it wrote" not in forms[form].replace(BACKTRACK.prompt, "")


@pytest.mark.parametrize(("letter", "right"), [("a", False), ("b", True)])
def test_feedback_explains_every_choice(letter, right):
    feedback = Quiz([BACKTRACK]).answer(1, letter, "certain")
    assert feedback.right is right
    assert all(choice.explanation in feedback.text for choice in BACKTRACK.choices)


def test_the_record_holds_each_answer_with_its_confidence():
    quiz = Quiz([BACKTRACK, BACKTRACK])
    quiz.answer(2, "a", "guess")
    quiz.answer(1, "b", "fairly sure")
    assert [(f.number, f.letter, f.right, f.confidence) for f in quiz.record] == [
        (2, "a", False, "guess"),
        (1, "b", True, "fairly sure"),
    ]


@pytest.mark.parametrize(
    ("answer", "named"),
    [((0, "a", "guess"), "1 to 1"), ((1, "z", "guess"), "a, b"), ((1, "a", "so-so"), "certain")],
)
def test_an_answer_that_cannot_be_is_refused_with_what_can(answer, named):
    quiz = Quiz([BACKTRACK])
    with pytest.raises(BadInput, match=named):
        quiz.answer(*answer)
    assert quiz.record == ()


@pytest.mark.parametrize(
    "choices",
    [
        (),
        (Choice("only", True, "why"),),
        (Choice("a", False, "why"), Choice("b", False, "why")),
        (Choice("a", True, "why"), Choice("b", True, "why")),
        (Choice("a", True, "why"), Choice("b", False, " ")),
    ],
)
def test_a_question_that_teaches_nothing_is_refused(choices):
    with pytest.raises(BadInput, match="prompt"):
        Question("prompt", choices)


def test_buttons_ask_for_confidence_before_they_reveal():
    from planlab.show.buttons import quiz_buttons

    quiz = Quiz([BACKTRACK])
    _, page = quiz_buttons(quiz).children
    _, choice, sure, check, said = page.children
    choice.value = "b"
    check.click()
    assert quiz.record == ()
    assert "how sure you are, first" in said.value
    sure.value = "guess"
    check.click()
    assert [f.letter for f in quiz.record] == ["b"]
    assert "A correction is new text." in said.value
    assert check.disabled


# Evidence cards


def card_of(*calls, actual="", tools=None, goal="a goal"):
    for number, span in enumerate(calls):
        span.id = number
    return evidence_card(calls, goal=goal, expected="", actual=actual, tools=tools)


def found(card, name):
    return card.check(name).found


def test_a_card_lists_the_calls_in_order_with_what_was_observed():
    card = card_of(called("a", "one", x=1), called("b", "two"))
    assert [(a.call, a.observation) for a in card.actions] == [("a(x=1)", "one"), ("b()", "two")]


def test_a_call_of_a_tool_not_on_offer_is_a_hallucinated_step():
    ghost = called("ghost", "", error="UnknownTool: There is no tool 'ghost'.")
    assert found(card_of(ghost), "hallucinated step") is True
    assert found(card_of(called("a", ""), tools=["b"]), "hallucinated step") is True
    assert found(card_of(called("a", ""), tools=["a"]), "hallucinated step") is False


@tool(risk=Risk.MEDIUM)
async def write() -> str:
    """Change something."""
    return ""


@pytest.mark.parametrize(
    ("calls", "is_loop"),
    [
        ([("read", "same"), ("read", "same")], True),
        ([("read", "same"), ("other", ""), ("read", "same")], True),
        ([("read", "old"), ("read", "new")], False),
        ([("read", "same"), ("write", "done"), ("read", "same")], False),
        ([("write", "done"), ("write", "done")], True),
        ([("read", "one"), ("other", "one")], False),
    ],
)
def test_a_loop_is_the_same_call_again_with_nothing_changed(calls, is_loop):
    card = card_of(*(called(*call) for call in calls), tools=["read", "other", write])
    assert found(card, "loop") is is_loop


def test_other_arguments_are_no_loop():
    assert found(card_of(called("a", "none", q=1), called("a", "none", q=2)), "loop") is False


@pytest.mark.parametrize(
    ("answer", "observation", "unverified"),
    [
        ("It costs $1,200.50.", "1200.5", False),
        ("It costs $33.", "it costs 34", True),
        ("About 33.3 of them.", "33.3333", False),
        ("About 33.3 of them.", "33.4", True),
        ("60% are refunds.", '{"share": 0.6}', False),
        ("1. refund\n2. password", "", None),
        ("Nothing to say.", "7", None),
        ("On 2024-12-09.", "dated 2024-12-09", False),
        ("minus -5", "5", True),
    ],
)
def test_a_number_that_no_observation_holds_is_unverified(answer, observation, unverified):
    card = card_of(called("t", observation), actual=answer)
    assert found(card, "unverified conclusion") is unverified


def test_a_number_of_the_goal_needs_no_observation():
    card = card_of(called("t", "x"), actual="The top 3 are known.", goal="Find the top 3")
    assert found(card, "unverified conclusion") is False


def test_the_ages_of_what_was_read_are_laid_before_the_learner():
    card = card_of(
        called("t", '[{"updated": "2023-01-31"}]'), called("u", '[{"updated": "2024-12-02"}]')
    )
    stale = card.check("stale observation")
    assert stale.found is None
    assert "2023-01-31 to 2024-12-02" in stale.evidence
    mine = card.judged("stale observation", True, "The page is older than the price book.")
    assert mine.check("stale observation").found is True


def test_the_answer_comes_from_the_result_or_from_the_last_model_span():
    said = Span(0, None, "model", "m", 0.0, 1.0, data={"answer": "from the trace"})
    trace = Trace()
    trace.spans.append(said)
    result = Result({"total": 5}, Stop.ANSWERED, trace, Usage(), None)
    assert evidence_card(result, goal="g", expected="e").actual == '{"total": 5}'
    assert evidence_card(trace, goal="g", expected="e").actual == "from the trace"


def test_a_card_comes_back_as_it_was_saved(tmp_path):
    card = card_of(called("t", "ünï"), actual="5")
    card.save(tmp_path / "card.json")
    assert EvidenceCard.load(tmp_path / "card.json") == card


def test_a_card_that_cannot_be_saved_or_read_says_so(tmp_path):
    with pytest.raises(NotSaved, match="card"):
        card_of().save(tmp_path / "no such folder" / "card.json")
    (tmp_path / "card.json").write_text('{"goal": 5}')
    with pytest.raises(BadFile, match="evidence card"):
        EvidenceCard.load(tmp_path / "card.json")

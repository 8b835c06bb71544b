"""The schema filler: whatever JSON Schema asks, a valid value that says what the belief holds."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from planlab.errors import LearnerError
from planlab.records import Plan
from planlab.simulated import Simulator, simulated_sync_client
from planlab.simulated.act import Answer
from planlab.simulated.fill import Unfillable, fill
from planlab.simulated.shapes import open_book
from tests.schemas import models

STEPS = [
    {
        "id": "s1",
        "description": "Search the web for prices of A",
        "tool": "web_search",
        "arguments": {"query": "price of A"},
        "depends_on": [],
        "output": "prices_a",
        "expected_output": "a price in dollars",
        "why": "The comparison needs it",
        "how": "tool",
    },
    {
        "id": "s2",
        "description": "Compare the prices",
        "tool": "analyze_data",
        "arguments": {"sql": "SELECT price_usd FROM price_book"},
        "depends_on": ["s1"],
        "output": "table",
        "expected_output": "a table",
        "why": "It was asked for",
        "how": "tool",
    },
    {
        "id": "s3",
        "description": "Write the report",
        "tool": "write_file",
        "arguments": {"path": "report.md"},
        "depends_on": ["s1", "s2"],
        "output": "report",
        "expected_output": "a report of one page",
        "why": "It is what was wanted",
        "how": "tool",
        "refs": [{"argument": "content", "step": "s2", "path": "rows.0"}],
    },
]
BELIEF: dict[str, object] = {
    "goal": "Compare the prices of A and B",
    "summary": "A costs 10 dollars, B 20.",
    "reasoning": "Both price pages were read.",
    "answer": "A is the cheaper one.",
    "steps": STEPS,
    "score": 0.8,
    "approved": False,
    "issues": ["No source is named", "B is missing"],
    "suggestions": ["Name the source", "Add B"],
    "confidence": 0.7,
    "decision": "finish",
    "done": True,
    "items": [{"name": "A", "price": 10}, {"name": "B", "price": 20.5}],
    "tool": "web_search",
    "arguments": {"query": "price of A"},
    "date": "2024-12-13",
}


def closed(**parts: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
    }


def ask(name: str, part: Mapping[str, object], **changes: object) -> Any:
    """What the filler says under one property called `name`."""
    answer = fill(closed(**{name: part}), {**BELIEF, **changes})
    assert isinstance(answer, dict)
    return answer[name]


def listed(**parts: object) -> dict[str, object]:
    return {"type": "array", "items": closed(**parts)}


INTEGER, NUMBER, TEXT, FLAG = ({"type": t} for t in ("integer", "number", "string", "boolean"))
TEXTS = {"type": "array", "items": TEXT}


# Any Pydantic model, through the client that learners use.


def answer_by_schema(body: dict[str, Any], **_: object) -> Answer:
    return Answer(json.dumps(fill(body["response_format"]["json_schema"]["schema"], BELIEF)))


CLIENT = simulated_sync_client(Simulator(answer=answer_by_schema))


@pytest.mark.timeout(600)  # a metaschema check each; more than a minute when the machine is busy
@pytest.mark.parametrize("examples", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_any_pydantic_model_is_answered_validly_over_the_wire(examples: int) -> None:
    tried: list[type[BaseModel]] = []

    @settings(max_examples=examples, suppress_health_check=[*HealthCheck])
    @given(models())
    def check(model: type[BaseModel]) -> None:
        tried.append(model)
        check_answer(model)

    check()
    assert len(tried) >= examples


def check_answer(model: type[BaseModel]) -> None:
    completion = CLIENT.chat.completions.parse(
        model="sim-large",
        messages=[{"role": "user", "content": "Plan it."}],
        response_format=model,
    )
    assert isinstance(completion.choices[0].message.parsed, model)


# Schemas as they are found in the wild.

NODE = {"$defs": {"node": closed(next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})}}
ODD: dict[str, Any] = {
    "anything": {},
    "true": True,
    "const": {"const": {"a": [1, None]}},
    "enum of several types": {"enum": [1, "a", None]},
    "list of types": {"type": ["string", "null"], "minLength": 3},
    "no type": {"properties": {"a": {"minimum": 3}}, "required": ["a"]},
    "recursion through null": {"$ref": "#/$defs/node", **NODE},
    "recursion that must be entered": {
        "$ref": "#/$defs/e",
        "$defs": {
            "e": {
                "oneOf": [
                    closed(left={"$ref": "#/$defs/e"}, right={"$ref": "#/$defs/e"}),
                    {"type": "number"},
                ]
            }
        },
    },
    "recursion through the root": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
    "mutual recursion": {
        "$ref": "#/definitions/a",
        "definitions": {
            "a": closed(b={"$ref": "#/definitions/b"}),
            "b": {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}}},
        },
    },
    "reference with siblings": {
        "$ref": "#/$defs/s",
        "minLength": 4,
        "$defs": {"s": {"type": "string", "maxLength": 5}},
    },
    "reference by anchor": {"$ref": "#x", "$defs": {"q": {"$anchor": "x", "type": "string"}}},
    "escaped pointer": {
        "type": "object",
        "properties": {"a/b": INTEGER, "c": {"$ref": "#/properties/a~1b"}},
        "required": ["c"],
    },
    "allOf of numbers": {"allOf": [{"type": "integer", "minimum": 3}, {"multipleOf": 5}]},
    "allOf of bounds": {"allOf": [{"type": "integer", "minimum": 3}, {"minimum": 10**6}]},
    "allOf of objects": {
        "allOf": [
            {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]},
            {"properties": {"a": {}}, "additionalProperties": False},
        ]
    },
    "oneOf that overlap": {"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 0}]},
    "if then else": {
        **closed(country={"enum": ["US", "DE"]}, zip=TEXT),
        "if": {"properties": {"country": {"const": "US"}}},
        "then": {"properties": {"zip": {"pattern": r"^\d{5}$"}}},
        "else": {"properties": {"zip": {"pattern": r"^D-\d{5}$"}}},
    },
    "not": {"type": "string", "not": {"enum": ["", "none", BELIEF["summary"]]}},
    "not an object with a": {
        "type": "object",
        "properties": {"goal": TEXT, "b": TEXT},
        "not": {"required": ["goal"]},
        "required": ["b"],
    },
    "tuple of 2020-12": {"type": "array", "prefixItems": [TEXT, INTEGER], "items": False},
    "tuple of draft 7": {
        "type": "array",
        "items": [TEXT, INTEGER],
        "additionalItems": False,
        "minItems": 2,
    },
    "bound of draft 4": {"type": "number", "minimum": 1, "exclusiveMinimum": True},
    "contains": {"type": "array", "items": INTEGER, "contains": {"const": 7}, "minItems": 2},
    "contains two": {"type": "array", "contains": {"minimum": 5}, "minContains": 2},
    "unique booleans": {"type": "array", "items": FLAG, "uniqueItems": True, "minItems": 2},
    "unique short texts": {
        "type": "array",
        "items": {"type": "string", "maxLength": 3},
        "uniqueItems": True,
        "minItems": 20,
    },
    "unique objects": {**listed(a=TEXT, b=INTEGER), "uniqueItems": True, "minItems": 5},
    "pattern properties": {
        "type": "object",
        "patternProperties": {r"^x-\d+$": INTEGER},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "property names": {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z]{2}$"},
        "additionalProperties": INTEGER,
        "minProperties": 2,
    },
    "at most one property": {
        "type": "object",
        "properties": {"goal": TEXT, "summary": TEXT},
        "maxProperties": 1,
    },
    "required but not described": {"type": "object", "required": ["foo", "bar"]},
    "dependent": {
        "type": "object",
        "properties": {"goal": TEXT},
        "dependentRequired": {"goal": ["x"]},
        "dependentSchemas": {"goal": {"required": ["y"], "properties": {"y": INTEGER}}},
    },
    "unevaluated": {
        "allOf": [{"type": "object", "properties": {"a": TEXT}, "required": ["a"]}],
        "unevaluatedProperties": False,
    },
    "steps of a tenth": {"type": "number", "multipleOf": 0.1, "minimum": 0.25},
    "a narrow gap": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
    "one whole number": {"type": "integer", "minimum": 2.5, "maximum": 3.5},
    "password": {"type": "string", "pattern": r"^(?=.*[A-Z])(?=.*\d).{8,12}$"},
    "unanchored pattern": {"type": "string", "pattern": "[0-9]{3}", "minLength": 10},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 5, "maxLength": 5},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
    "a short address": {"type": "string", "format": "email", "maxLength": 10},
    "a long text": {"type": "string", "minLength": 2_000},
    "a long list": {"type": "array", "items": INTEGER, "minItems": 300},
}
FORMATS = (
    *("date", "date-time", "time", "duration", "email", "uri", "uuid", "ipv4", "ipv6"),
    *("hostname", "json-pointer", "regex", "uri-reference", "of-my-own"),
)


@pytest.mark.parametrize("belief", [BELIEF, {}], ids=["believing", "knowing nothing"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_schema_is_filled_validly(name: str, belief: dict[str, object]) -> None:
    book = open_book(ODD[name])
    assert book.is_valid(fill(ODD[name], belief), ODD[name])


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_kept(name: str) -> None:
    schema = {"type": "string", "format": name}
    checker = Draft202012Validator.FORMAT_CHECKER
    assert Draft202012Validator(schema, format_checker=checker).is_valid(fill(schema, BELIEF))


def test_a_recursion_ends_at_the_shallowest_value() -> None:
    assert fill({"$ref": "#/$defs/node", **NODE}, {}) == {"next": None}


IMPOSSIBLE: dict[str, tuple[Any, str]] = {
    "false": (False, r"\$: no value"),
    "empty enum": ({"enum": []}, r"\$: no value"),
    "minimum above maximum": (
        closed(a={**INTEGER, "minimum": 3, "maximum": 2}),
        r"\$\.a: .*within",
    ),
    "nothing between bounds": (
        {**INTEGER, "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        "no integer",
    ),
    "no such multiple": ({**INTEGER, "multipleOf": 9, "minimum": 1, "maximum": 8}, "no integer"),
    "required false": (closed(a=False), r"\$\.a"),
    "required but closed": (
        {"type": "object", "required": ["a"], "additionalProperties": False},
        r"\$\.a",
    ),
    "contradiction": ({"allOf": [TEXT, INTEGER]}, "no value is allowed"),
    "not anything": ({"not": {}}, "no value found"),
    "too few booleans": (
        {"type": "array", "items": FLAG, "uniqueItems": True, "minItems": 3},
        "not enough different values",
    ),
    "deep inside": (
        closed(steps={**listed(x=False), "minItems": 1}),
        r"\$\.steps\[0\]\.x",
    ),
    "endless object": (
        {"$ref": "#/$defs/n", "$defs": {"n": closed(n={"$ref": "#/$defs/n"})}},
        "recurses without an end",
    ),
    "endless in two ways": (
        {
            "$ref": "#/$defs/a",
            "$defs": {
                "a": {"anyOf": [closed(b={"$ref": "#/$defs/b"}, c={"$ref": "#/$defs/a"}), False]},
                "b": {"anyOf": [closed(a={"$ref": "#/$defs/a"}), closed(b={"$ref": "#/$defs/b"})]},
            },
        },
        "recurses without an end",
    ),
    "itself": ({"$ref": "#"}, "no value is allowed"),
    "unknown reference": ({"$ref": "#/$defs/none"}, "leads nowhere"),
    "reference to the web": ({"$ref": "https://example.com/x.json"}, "leads nowhere"),
    "lengths": ({**TEXT, "minLength": 5, "maxLength": 2}, "minLength 5"),
    "sizes": ({**TEXTS, "minItems": 3, "maxItems": 1}, "at least 3 items"),
    "pattern against length": ({**TEXT, "pattern": "^a$", "minLength": 3}, "no text found"),
    "unreadable pattern": ({**TEXT, "pattern": "("}, "pattern"),
    "no such type": ({"type": "strng"}, "not a JSON Schema"),
    "no schema at all": (["string"], "not a JSON Schema"),
    "a billion items": ({**TEXTS, "minItems": 10**9}, "at least"),
    "a billion letters": ({**TEXT, "minLength": 10**9}, "minLength"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_schema_is_refused_with_its_place_and_reason(name: str) -> None:
    schema, reason = IMPOSSIBLE[name]
    with pytest.raises(Unfillable, match=reason) as raised:
        fill(schema, BELIEF)
    assert isinstance(raised.value, LearnerError)


# What is believed is said, whatever the property is called.

SAID: list[tuple[str, dict[str, object], object]] = [
    ("summary", TEXT, BELIEF["summary"]),
    ("executiveSummary", TEXT, BELIEF["summary"]),
    ("final_answer", TEXT, BELIEF["answer"]),
    ("response", TEXT, BELIEF["answer"]),
    ("x", {**TEXT, "description": "The conclusion that was reached."}, BELIEF["answer"]),
    ("rationale", TEXT, BELIEF["reasoning"]),
    ("objective", TEXT, BELIEF["goal"]),
    ("problems", TEXTS, BELIEF["issues"]),
    ("weaknesses", TEXT, "No source is named; B is missing"),
    ("has_issues", FLAG, True),
    ("number_of_issues", INTEGER, 2),
    ("what_to_change", TEXTS, BELIEF["suggestions"]),
    ("score", NUMBER, 0.8),
    ("overall-rating", {**INTEGER, "minimum": 1, "maximum": 10}, 8),
    ("quality", {**INTEGER, "minimum": 0, "maximum": 100}, 80),
    ("points", {**INTEGER, "description": "from 1 to 5"}, 4),
    ("score_out_of_100", INTEGER, 80),
    ("letter_grade", TEXT, "B"),
    ("grade", {"enum": ["poor", "fair", "good", "excellent"]}, "good"),
    ("grade", {"enum": ["A", "B", "C", "D", "F"]}, "B"),
    ("rating", {"enum": [1, 2, 3, 4, 5]}, 4),
    ("certainty", {**NUMBER, "maximum": 1}, 0.7),
    ("how_sure", {**INTEGER, "description": "in percent"}, 70),
    ("confidence_level", {"enum": ["low", "medium", "high"]}, "high"),
    ("ok", FLAG, False),
    ("isValid", FLAG, False),
    ("needs_revision", FLAG, True),
    ("verdict", TEXT, "rejected"),
    ("accept", {"enum": ["yes", "no"]}, "no"),
    ("verdict", {"enum": ["approve", "revise", "reject"]}, "revise"),
    ("status", {"enum": ["approved", "rejected"]}, "rejected"),
    ("finished", FLAG, True),
    ("should_continue", FLAG, False),
    ("joiner", {"enum": ["Replan", "Finish"]}, "Finish"),
    ("next", {"enum": ["call_tool", "respond"]}, "respond"),
    ("function_name", TEXT, "web_search"),
    ("action", {"enum": ["calculator", "search", "finish"]}, "search"),
    ("action_input", TEXT, "price of A"),
    ("parameters", {"type": "object"}, {"query": "price of A"}),
    ("args", TEXT, '{"query": "price of A"}'),
    ("due", {**TEXT, "format": "date"}, "2024-12-13"),
    ("day", {**TEXT, "description": "as DD/MM/YYYY"}, "13/12/2024"),
    ("day", {**TEXT, "description": "like 3 March 2025"}, "13 December 2024"),
    ("created", {**TEXT, "format": "date-time"}, "2024-12-13T00:00:00Z"),
    ("todo", TEXTS, [step["description"] for step in STEPS]),
    ("execution_order", TEXTS, ["s1", "s2", "s3"]),
    ("plan", {"type": "object", "properties": {"stages": TEXTS}, "required": ["stages"]},
     {"stages": [step["description"] for step in STEPS]}),
    ("prices", {"type": "object", "additionalProperties": NUMBER}, {"A": 10, "B": 20.5}),
    ("products", listed(label=TEXT, price_usd=NUMBER),
     [{"label": "A", "price_usd": 10}, {"label": "B", "price_usd": 20.5}]),
    ("concerns", listed(problem=TEXT, suggestion=TEXT),
     [{"problem": "No source is named", "suggestion": "Name the source"},
      {"problem": "B is missing", "suggestion": "Add B"}]),
    ("confidence", closed(value=NUMBER, reason=TEXT),
     {"value": 0.7, "reason": BELIEF["reasoning"]}),
    ("edges", listed(source=TEXT, target=TEXT),
     [{"source": "s1", "target": "s2"}, {"source": "s1", "target": "s3"},
      {"source": "s2", "target": "s3"}]),
    ("dependencies", {"type": "object", "additionalProperties": TEXTS},
     {"s1": [], "s2": ["s1"], "s3": ["s1", "s2"]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part", "expected"), SAID, ids=lambda part: str(part)[:40])
def test_what_is_believed_is_said(name: str, part: dict[str, object], expected: object) -> None:
    assert ask(name, part) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("id", "tool", "depends_on", "why"), ("s2", "analyze_data", ["s1"], STEPS[1]["why"])),
        (("step_id", "uses", "needs", "reason"), ("s2", "analyze_data", ["s1"], STEPS[1]["why"])),
        (("key", "function", "after", "because"), ("s2", "analyze_data", ["s1"], STEPS[1]["why"])),
        (
            ("taskId", "agent", "blockedBy", "justification"),
            ("s2", "analyze_data", ["s1"], STEPS[1]["why"]),
        ),
    ],
)
def test_a_step_is_told_under_many_names(names: tuple[str, ...], expected: tuple[object]) -> None:
    parts = dict(zip(names, (TEXT, TEXT, TEXTS, TEXT), strict=True))
    assert tuple(ask("tasks", listed(**parts))[1].values()) == expected


def test_whole_number_ids_are_the_same_in_every_reference() -> None:
    schema = closed(
        nodes=listed(n=INTEGER, task=TEXT, parents={"type": "array", "items": INTEGER}),
        links={"type": "array", "items": {"type": "array", "prefixItems": [INTEGER, INTEGER]}},
    )
    answer: Any = fill(schema, {"steps": [{**s, "id": f"x-{s['id']}z",
                                           "depends_on": [f"x-{d}z" for d in s["depends_on"]]}
                                          for s in STEPS]})  # fmt: skip
    assert [(node["n"], node["parents"]) for node in answer["nodes"]] == [
        (1, []),
        (2, [1]),
        (3, [1, 2]),
    ]
    assert answer["links"] == [[1, 2], [1, 3], [2, 3]]


def test_names_that_a_pattern_wants_are_the_same_in_every_reference() -> None:
    code = {"type": "string", "pattern": r"^T-\d{2}$"}
    tasks = ask("tasks", listed(ref=code, after={"type": "array", "items": code}))
    names = [task["ref"] for task in tasks]
    assert len(set(names)) == 3
    assert [task["after"] for task in tasks] == [[], names[:1], names[:2]]


@pytest.mark.parametrize(("least", "most"), [(0, 2), (5, 9), (1, 1)])
def test_a_bounded_plan_has_no_dangling_dependency(least: int, most: int) -> None:
    steps = ask(
        "steps",
        {**listed(id=TEXT, what=TEXT, depends_on=TEXTS), "minItems": least, "maxItems": most},
    )
    ids = [step["id"] for step in steps]
    assert len(set(ids)) == len(ids) == max(least, min(most, 3))
    assert len({step["what"] for step in steps}) == len(ids)
    for at, step in enumerate(steps):
        assert set(step["depends_on"]) <= set(ids[:at])


def test_phases_that_hold_steps_share_them_out() -> None:
    phases = ask("phases", listed(title=TEXT, steps=listed(id=INTEGER, needs=TEXTS)))
    assert [step["id"] for phase in phases for step in phase["steps"]] == [1, 2, 3]


def test_a_tree_of_goals_has_each_step_once() -> None:
    node = closed(goal=TEXT, subgoals={"type": "array", "items": {"$ref": "#"}})
    tree: Any = fill(node, BELIEF)
    assert [child["goal"] for child in tree["subgoals"]] == [s["description"] for s in STEPS]
    assert all(child["subgoals"] == [] for child in tree["subgoals"])


def test_the_course_own_plan_holds_references_as_data() -> None:
    plan = Plan.model_validate(fill(Plan.model_json_schema(), BELIEF))
    assert [step.tool for step in plan.steps] == [step["tool"] for step in STEPS]
    assert [(ref.step, ref.path) for ref in plan.steps[2].refs] == [("s2", "rows.0")]


class Search(BaseModel):
    tool: Literal["web_search"]
    query: str


class Query(BaseModel):
    tool: Literal["analyze_data"]
    sql: str


class Respond(BaseModel):
    response: str


class Replan(BaseModel):
    steps: list[str]


class Call(BaseModel):
    step: Annotated[Search | Query, Field(discriminator="tool")]


class Act(BaseModel):
    action: Respond | Replan


def test_a_union_of_tools_is_the_tool_with_its_arguments() -> None:
    calls = [
        fill(Call.model_json_schema(), {"tool": step["tool"], "arguments": step["arguments"]})
        for step in STEPS[:2]
    ]
    assert calls == [{"step": {"tool": step["tool"], **step["arguments"]}} for step in STEPS[:2]]


@pytest.mark.parametrize(("decision", "chosen"), [("finish", Respond), ("replan", Replan)])
def test_a_union_of_answers_is_the_one_decided_on(decision: str, chosen: type) -> None:
    belief = {**BELIEF, "decision": decision, "done": decision == "finish"}
    act = Act.model_validate(fill(Act.model_json_schema(), belief))
    assert isinstance(act.action, chosen)


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (["run_sql_query", "search_the_web"], ["search_the_web", "run_sql_query"]),
        (["lookup", "analyze_data", "other"], ["lookup", "analyze_data"]),
    ],
)
def test_a_tool_that_is_not_offered_is_the_nearest_that_is(
    offered: list[str], expected: list[str]
) -> None:
    steps = ask("steps", listed(tool={"enum": offered}))
    assert [step["tool"] for step in steps[:2]] == expected


def test_what_is_not_known_is_null_or_nothing_rather_than_made_up() -> None:
    maybe = {"anyOf": [NUMBER, {"type": "null"}]}
    assert ask("employees", maybe) is None
    assert ask("employees", {**INTEGER, "minimum": 0}) == 0
    assert ask("employees", {**INTEGER, "minimum": 12}) == 12
    assert ask("products", listed(name=TEXT, weight=maybe))[0] == {"name": "A", "weight": None}
    assert fill({"type": "object", "properties": {"employees": INTEGER}}, BELIEF) == {}


def test_sibling_texts_differ_while_the_belief_has_words() -> None:
    parts = dict.fromkeys(("audience", "tone", "context", "background", "remark_a"), TEXT)
    answer: Any = fill(closed(**parts), BELIEF)
    assert len(set(answer.values())) == len(parts)


def test_a_lazy_belief_is_asked_once_and_only_if_needed() -> None:
    asked: list[str] = []

    def score() -> float:
        asked.append("score")
        return 0.8

    def never() -> str:
        raise AssertionError("not asked for")

    assert fill(closed(score=NUMBER, rating=NUMBER), {"score": score, "summary": never}) == {
        "score": 0.8,
        "rating": 0.8,
    }
    assert asked == ["score"]


SEEDED = closed(id={"type": "string", "format": "uuid"}, summary=TEXT)


def test_a_seed_changes_only_what_has_no_meaning() -> None:
    first, again, other = (fill(SEEDED, BELIEF, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert isinstance(first, dict)
    assert isinstance(other, dict)
    assert first["id"] != other["id"]
    assert first["summary"] == other["summary"]


def test_the_answer_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "import json; from tests.test_fill import *;"
        "print(json.dumps([fill(s, BELIEF) for s in ODD.values()]"
        " + [ask(n, p) for n, p, _ in SAID] + [fill(Plan.model_json_schema(), BELIEF)]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1

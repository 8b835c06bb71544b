"""Tools: what the signature of a function becomes, and what it accepts."""

import enum
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model

from planlab.errors import BadArguments, BadInput, BadSchema
from planlab.tools import Call, Risk, Tool, digest, strict_schema, tool


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Person(BaseModel):
    name: str
    boss: "Person | None" = None


class Open(BaseModel):
    settings: dict[str, int]


# Made from the signature


def test_name_description_and_parameters_come_from_the_function() -> None:
    @tool(risk=Risk.LOW, price=0.01, source="web")
    async def search(query: Annotated[str, Field(description="What to look for.")]) -> str:
        """Search the web.

        Newest first.
        """
        return query

    assert (search.name, search.description) == ("search", "Search the web.\n\nNewest first.")
    assert (search.risk, search.price, search.source({})) == (Risk.LOW, 0.01, {"web"})
    assert properties(search)["query"]["description"] == "What to look for."


def test_the_api_is_told_to_be_strict() -> None:
    function = made("x: int").schema["function"]
    assert isinstance(function, dict)
    assert function["strict"] is True


def test_a_tool_whose_risk_nobody_stated_counts_as_high() -> None:
    assert made("risk: str").risk is Risk.HIGH


def test_the_call_parameter_is_hidden_from_the_schema() -> None:
    @tool
    def pay(amount: float, call: Call) -> str:
        return call.key

    assert list(properties(pay)) == ["amount"]
    assert pay.call_parameter == "call"


@pytest.mark.parametrize(
    "name", ["copy", "json", "schema", "dict", "self", "model_x", "model_dump"]
)
def test_a_parameter_may_have_the_name_of_a_method_of_pydantic(name: str) -> None:
    one = made(f"{name}: int")
    assert list(properties(one)) == [name]
    assert one.check({name: 3}) == {name: 3}


@pytest.mark.parametrize("name", ["model_config", "_x", "model_extra", "model_fields_set"])
def test_a_parameter_that_no_model_can_hold_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        made(f"{name}: int")


@pytest.mark.parametrize("signature", ["x", "x, y: int", "*x: int", "**x: int", "x: int, /"])
def test_a_parameter_without_a_name_and_a_type_is_refused(signature: str) -> None:
    with pytest.raises(BadInput, match="x"):
        made(signature)


def test_an_annotation_that_means_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="Nonsense"):
        made("x: 'Nonsense'")


# Accepted and refused arguments

ACCEPTED = [
    ("x: int", {"x": 3}, {"x": 3}),
    ("x: int = 7", {}, {"x": 7}),
    ("x: int | None = None", {}, {"x": None}),
    ("x: int | None", {"x": None}, {"x": None}),
    ("x: list[int]", {"x": [1, 2]}, {"x": [1, 2]}),
    ("x: tuple[str, ...]", {"x": ["a"]}, {"x": ("a",)}),
    ("x: Literal['a', 'b']", {"x": "b"}, {"x": "b"}),
    ("x: Colour", {"x": "blue"}, {"x": Colour.BLUE}),
    ("x: Person", {"x": {"name": "Bo"}}, {"x": Person(name="Bo")}),
    ("x: list[Person] = []", {}, {"x": []}),
    ("", {}, {}),
]


@pytest.mark.parametrize(("signature", "given", "taken"), ACCEPTED)
def test_arguments_become_what_the_function_takes(
    signature: str, given: dict[str, object], taken: dict[str, object]
) -> None:
    assert made(signature).check(given) == taken


REFUSED = [
    ("x: int", {"x": "three"}, "three"),
    ("x: int", {"x": 3.5}, "3.5"),
    ("x: int", {"x": None}, "None"),
    ("x: int", {}, "required"),
    ("x: int | None", {}, "required"),
    ("x: int", {"x": 1, "amount": 2}, "amount"),
    ("", {"x": 1}, "x"),
    ("x: list[int]", {"x": [1, "two"]}, "x.1"),
    ("x: Literal['a', 'b']", {"x": "c"}, "'c'"),
    ("x: Colour", {"x": "green"}, "green"),
    ("x: Person", {"x": {"nickname": "Bo"}}, "x.name"),
    ("x: Annotated[int, Field(ge=1)]", {"x": 0}, "greater than or equal to 1"),
]


@pytest.mark.parametrize(("signature", "given", "named"), REFUSED)
def test_wrong_arguments_are_named_with_the_way_to_call_it(
    signature: str, given: dict[str, object], named: str
) -> None:
    with pytest.raises(BadArguments, match=named) as caught:
        made(signature).check(given)
    assert "Call it as run(" in caught.value.message


# Schemas

OPEN = ["Any", "object", "dict", "dict[str, int]", "list", "list[Any]", "Any | None", "Open"]
OPEN += ["Annotated[Any, Field(description='anything')]", "tuple[dict[str, int], int]"]


@pytest.mark.parametrize("annotation", OPEN)
def test_what_no_strict_schema_can_say_is_refused_where_it_stands(annotation: str) -> None:
    with pytest.raises(BadSchema, match=r"run\.x|settings"):
        made(f"x: {annotation}")


def test_no_default_goes_to_the_api() -> None:
    one = made("x: int = 7, default: int = 8, person: Person = Person(name='Bo')")
    assert properties(one)["x"] == {"title": "X", "type": "integer"}
    assert "default" in properties(one), "a parameter of that name is no default"
    assert all("default" not in node for node in nodes(parameters(one)))


@pytest.mark.parametrize("seed", range(10))
def test_every_object_is_closed_and_everything_required(seed: int) -> None:
    random = Random(seed)
    for _ in range(20):
        schema = strict_schema(random_model(random, depth=3))
        Draft202012Validator.check_schema(schema)
        for node in nodes(schema):
            assert "default" not in node
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert set(node["required"]) == set(node["properties"])


def random_model(random: Random, depth: int) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for number in range(random.randrange(1, 5)):
        annotation = random_annotation(random, depth)
        fields[f"f{number}"] = (annotation | None, None) if random.random() < 0.4 else annotation
    return create_model(f"Model{random.randrange(10**9)}", **fields)


def random_annotation(random: Random, depth: int) -> Any:
    simple = (str, int, float, bool, Literal["a", 1], Colour, Annotated[int, Field(ge=0, lt=9)])
    kind = random.randrange(7) if depth else 0
    if kind < 3:
        return random.choice(simple)
    inner = random_annotation(random, depth - 1)
    model = random_model(random, depth - 1)
    return (list[inner], tuple[inner, ...], model, inner | model)[kind - 3]  # type: ignore[valid-type]


# Digests


def test_a_digest_is_the_same_in_every_process() -> None:
    program = (
        "from planlab.tools import digest; from pydantic import create_model;"
        "model = create_model('M', words=set[str])(words=['b', 'a', 'c', 'dd']);"
        "print(digest('x', {'b': 1, 'a': {'one', 'two', 'three'}}, model))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(printed) == 1


def test_a_digest_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    different = [("a", "b"), ("ab",), (["a", "b"],), ("b", "a"), ("a", "b", ""), (1,), ("1",), ()]
    assert len({digest(*parts) for parts in different}) == len(different)


# Helpers


def made(signature: str) -> Tool:
    """A tool of a function with this signature."""
    found: dict[str, Callable[..., object]] = {}
    exec(f"def run({signature}): return None", globals(), found)
    return tool(found["run"])


def parameters(one: Tool) -> dict[str, Any]:
    return json.loads(json.dumps(one.schema))["function"]["parameters"]  # type: ignore[no-any-return]


def properties(one: Tool) -> dict[str, Any]:
    return parameters(one)["properties"]  # type: ignore[no-any-return]


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    yield schema
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    parts += [*schema.get("anyOf", []), *schema.get("prefixItems", [])]
    if "items" in schema:
        parts.append(schema["items"])
    for part in parts:
        yield from nodes(part)

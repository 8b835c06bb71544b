"""What the endpoint offers, as an OpenAPI description made from the types that check requests.

The responses are described by the official client's own types. https://spec.openapis.org/oas/v3.2.0
"""

from functools import cache

from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from planlab import __version__

from .request import _Body
from .responses import ResponsesBody
from .sizes import SIZES

# Each type on the wire, by whether it comes in or goes out. A new protocol adds its own here, and
# its path in `describe`.
_RECEIVED: tuple[type[BaseModel], ...] = (_Body, ResponsesBody)
_SENT: tuple[type[BaseModel], ...] = (ChatCompletion, ChatCompletionChunk, Response, Model)

_ERROR = {
    "type": "object",
    "description": "What is wrong, in OpenAI's shape",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "additionalProperties": False,
            "properties": {
                "message": {"type": "string", "minLength": 1},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_MODELS = {
    "type": "object",
    "required": ["object", "data"],
    "additionalProperties": False,
    "properties": {
        "object": {"const": "list"},
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}},
    },
}
_RESPONSE_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"type": "object", "required": ["type", "sequence_number"]},
        },
    },
}
_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "anyOf": [
                {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"$ref": "#/components/schemas/ChatCompletionChunk"},
                },
                {"const": "[DONE]"},
            ]
        }
    },
}


@cache
def describe() -> dict[str, object]:
    """The description, ready for JSON. Hand it on unchanged: there is one for all."""
    name = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": [*SIZES]},
    }
    return {
        "openapi": "3.2.0",
        "info": {
            "title": "The simulated model of planlab",
            "version": __version__,
            "description": "Deterministic and rule-based, for learners and tests: no real model.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/v1/chat/completions": {
                "post": {
                    "operationId": "createChatCompletion",
                    "requestBody": {"required": True, "content": _json("Body")},
                    "responses": _responses(
                        _json("ChatCompletion") | {"text/event-stream": {"itemSchema": _EVENT}},
                        "The answer: with `stream`, as server-sent events",
                    ),
                }
            },
            "/v1/responses": {
                "post": {
                    "operationId": "createResponse",
                    "requestBody": {"required": True, "content": _json("ResponsesBody")},
                    "responses": _responses(
                        _json("Response") | {"text/event-stream": {"itemSchema": _RESPONSE_EVENT}},
                        "The response: with `stream`, as server-sent events",
                    ),
                }
            },
            "/v1/responses/{id}": {
                "get": {
                    "operationId": "retrieveResponse",
                    "parameters": [name | {"schema": {"type": "string"}}],
                    "responses": _responses(_json("Response"), "The stored response of that id"),
                }
            },
            "/v1/models": {
                "get": {
                    "operationId": "listModels",
                    "responses": _responses(_json("Models"), "The simulated models"),
                }
            },
            "/v1/models/{id}": {
                "get": {
                    "operationId": "retrieveModel",
                    "parameters": [name],
                    "responses": _responses(_json("Model"), "The model of that name"),
                }
            },
        },
        "components": {"schemas": _schemas() | {"Error": _ERROR, "Models": _MODELS}},
    }


def _json(name: str) -> dict[str, object]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _responses(content: dict[str, object], description: str) -> dict[str, object]:
    return {
        "200": {"description": description, "content": content},
        "4XX": {"description": "The request is refused", "content": _json("Error")},
        "5XX": {"description": "A fault that was asked for", "content": _json("Error")},
    }


class _Generator(GenerateJsonSchema):
    """Names our private types in public."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name).lstrip("_")

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _schemas() -> dict[str, dict[str, object]]:
    _, made = models_json_schema(
        [(kind, "validation") for kind in _RECEIVED] + [(kind, "serialization") for kind in _SENT],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Generator,
    )
    schemas: dict[str, dict[str, dict[str, object]]] = made["$defs"]
    for body in ("Body", "ResponsesBody"):
        schemas[body]["properties"]["model"] |= {"enum": [*SIZES]}  # type: ignore[operator]
    return schemas  # type: ignore[return-value]

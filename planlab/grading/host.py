"""The submission's end: its names, called as the judge asks.

The same code runs in a learner's notebook and inside the grader's sandbox; only the wire differs.
What the judge serves (a model, tools, functions) becomes a genuine Model, Toolbox or function here,
whose every use is a question to the judge.
"""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from planlab.cost import price_of
from planlab.model import Model
from planlab.simulated import Response, simulated_client
from planlab.toolbox import Toolbox
from planlab.tools import Call, Risk, Tool, tool

from .link import Frame, Link, Raised, revive
from .values import NotAValue, Token

_CALL = "the whole call"  # no parameter of a tool can have this name


class Host:
    """Answers the judge's questions about `namespace`."""

    def __init__(
        self,
        namespace: Mapping[str, object],
        send: Callable[[Frame], None],
        wait: Callable[[Callable[[], bool]], None] | None = None,
    ) -> None:
        self._namespace = namespace
        self._held: list[object] = []
        self.link = Link(send, self._handle, self._hold, wait)

    def _hold(self, value: object) -> Token:
        """Objects stay here; the judge may ask things of them."""
        if callable(value) or hasattr(value, "__dict__") or hasattr(value, "__aiter__"):
            self._held.append(value)
            return Token("handle", len(self._held) - 1, type(value).__name__)
        raise NotAValue(f"a {type(value).__name__} cannot be handed over")

    def _handle(self, name: str, parts: Sequence[object]) -> object:
        match name, parts:
            case "call", [str(target), list(args), dict(named)]:
                if target not in self._namespace:
                    raise Raised("NameError", f"{target} is not there")
                return self._call(self._namespace[target], args, named)
            case "method", [int(id), str(method), list(args), dict(named)]:
                return self._call(getattr(self._held[id], method), args, named)
            case "attribute", [int(id), str(attribute)]:
                return getattr(self._held[id], attribute)
        raise NotAValue(f"a question {name!r}")

    async def _call(
        self, function: object, args: list[object], named: Mapping[str, object]
    ) -> object:
        try:
            args = [self._here(value) for value in args]
            result = cast(Callable[..., object], function)(
                *args, **{name: self._here(value) for name, value in named.items()}
            )
            return await result if inspect.isawaitable(result) else result
        except BaseException as error:  # also SystemExit: it is the submission's, not ours
            raise Raised(type(error).__name__, _text(error)) from None

    def _here(self, value: object) -> object:
        """The value as the submission gets it: tokens become what they stand for."""
        if isinstance(value, list):
            return [self._here(part) for part in value]
        if isinstance(value, tuple):
            return tuple(self._here(part) for part in value)
        if isinstance(value, dict):
            return {key: self._here(part) for key, part in value.items()}
        if not isinstance(value, Token):
            return value
        about = cast(dict[str, Any], value.about)
        match value.kind:
            case "model":
                return self._model(value.id, about)
            case "toolbox":
                return Toolbox([self._tool(value.id, one) for one in about["tools"]])
            case "function":
                return self._function(value.id, about["name"], about["awaits"])
            case "handle":
                return self._held[value.id]
        raise NotAValue(f"a {value.kind}")

    def _model(self, id: int, about: Mapping[str, str]) -> Model:
        def endpoint(method: str, path: str, body: bytes) -> Response:
            return Response(
                **cast(dict[str, Any], self.link.ask_now("http", id, method, path, body))
            )

        return Model(simulated_client(endpoint), about["name"], price_of(about["name"]))

    def _tool(self, id: int, about: Mapping[str, Any]) -> Tool:
        """A tool with the name, words and parameters of the judge's, run over there."""

        async def run(**arguments: object) -> object:
            call = arguments.pop(_CALL, None)
            whole = (call.key, call.step, dict(call.taint)) if isinstance(call, Call) else ()
            try:
                return await self.link.ask("tool", id, about["name"], arguments, *whole)
            except Raised as raised:
                raise revive(raised) from None

        def source(arguments: Mapping[str, object]) -> frozenset[str]:
            found = self.link.ask_now("source", id, about["name"], dict(arguments))
            return frozenset(cast(set[str], found))

        parameters = tuple((name, kind) for name, kind in about["parameters"])
        made = _shape(about["name"], about["description"], parameters, about["risk"])
        return replace(
            made,
            run=run,
            source=source if about["tainted"] else made.source,
            call_parameter=_CALL if about["keyed"] else None,
            reads=about["reads"],
            writes=about["writes"],
        )

    def _function(self, id: int, name: str, awaits: bool) -> Callable[..., object]:
        def now(*args: object, **named: object) -> object:
            try:
                return self.link.ask_now("function", id, list(args), named)
            except Raised as raised:
                raise revive(raised) from None

        async def later(*args: object, **named: object) -> object:
            try:
                return await self.link.ask("function", id, list(args), named)
            except Raised as raised:
                raise revive(raised) from None

        chosen: Callable[..., object] = later if awaits else now
        chosen.__name__ = name
        return chosen


@lru_cache
def _shape(name: str, description: str, parameters: tuple[tuple[str, str], ...], risk: int) -> Tool:
    """A tool of this form that does nothing; made once, since making one takes a millisecond."""

    async def run(**arguments: object) -> None: ...

    run.__name__, run.__doc__ = name, description
    run.__annotations__ = {n: eval(kind, dict(vars(typing))) for n, kind in parameters}
    listed = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        for n, annotation in run.__annotations__.items()
    ]
    run.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    return tool(risk=Risk(risk))(run)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception that cannot even say what it is
        return ""

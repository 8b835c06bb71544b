"""What a lab asks, and how its properties are checked.

A lab's `checks.py` makes one `Lab` and adds a check for each property. A check sees the submission
only through a `Probe`: it calls the learner's functions with inputs drawn from `probe.rng`, and
believes nothing but the values that come back and the model and tool calls that it served
itself. So the same checks run in a notebook on its own names, and in the grader on the other side
of a wall.
"""

import json
import random
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from inspect import formatannotation, iscoroutinefunction
from pathlib import Path
from typing import Any, cast

from planlab.errors import BadFile, BadInput
from planlab.simulated import Simulator, respond
from planlab.simulated.scripted import Line, Script
from planlab.tools import Call, Tool, digest

from .grades import Finding
from .hidden import without_hidden
from .link import Broken, Forbidden, Frame, Handler, Link, Raised
from .values import NotAValue, Struct, Token

PUBLIC_SEED = 0
PUBLIC_CASE = 0  # the case of a visible check whose inputs learners can know
NOT_WRITTEN = "it is not written yet"
FORBIDDEN = "this must never happen, and no automatic point of the lab counts: "

Property = Callable[["Probe"], Coroutine[Any, Any, None]]
Connect = Callable[[Handler, Callable[[object], Token]], AbstractAsyncContextManager[Link]]
"""Opens a link to the submission that answers with the given handler."""


@dataclass(frozen=True)
class Question:
    """One question of a lab. A manual one is marked by a person."""

    id: str
    points: int
    title: str
    manual: bool = False


@dataclass(frozen=True)
class Check:
    """One property of one question; its points count only if every case holds.

    A visible check has a public case and `cases - 1` secret ones, at least one; a hidden check has
    `cases` secret ones, and learners do not see it at all.
    """

    question: str
    points: float
    words: str
    run: Property
    cases: int = 2
    hidden: bool = False


class Lab:
    """A lab's questions and checks. `withheld` modules are not there while the lab is graded."""

    def __init__(
        self,
        id: str,
        title: str,
        *,
        questions: tuple[Question, ...],
        withheld: tuple[str, ...] = (),
    ) -> None:
        self.id, self.title, self.questions, self.withheld = id, title, questions, withheld
        self.checks: list[Check] = []

    def property(
        self, question: str, points: float, words: str, *, cases: int = 2
    ) -> Callable[[Property], Property]:
        """Add a check; `words` name the property, `cases` is how many inputs it is tried on."""
        self[question]  # raises for a question that the lab does not ask

        def add(run: Property) -> Property:
            self.checks.append(Check(question, points, words, run, cases))
            return run

        return add

    def __getitem__(self, question: str) -> Question:
        for candidate in self.questions:
            if candidate.id == question:
                return candidate
        asked = ", ".join(q.id for q in self.questions)
        raise BadInput(f"{self.id} has no question {question!r}. It asks: {asked}.")

    def of(self, question: str) -> list[Check]:
        """The question's checks, in the order of the file."""
        return [check for check in self.checks if check.question == question]

    async def check(self, question: str, namespace: Mapping[str, object] | None = None) -> float:
        """Check one question on a notebook's own names; prints each property, returns the points.

        The number is the cell's result: nbgrader takes it as partial credit. What must never happen
        leaves nothing of the question; of other cells this one cannot take points.
        """
        self[question]
        connect = in_place(_notebook() if namespace is None else namespace)
        findings = [await run_check(self, c, connect) for c in self.of(question)]
        for finding in findings:
            print(render_finding(finding))
        return sum(finding.points for finding in without_forbidden(findings) if finding.ok)

    async def findings(
        self, namespace: Mapping[str, object], seed: int = PUBLIC_SEED
    ) -> list[Finding]:
        """Every check on these names, in this process."""
        connect = in_place(namespace)
        return [await run_check(self, check, connect, seed) for check in self.checks]


def render_finding(finding: Finding) -> str:
    """One line: does the property hold, and if not, what broke."""
    tail = "" if finding.ok else f": {finding.message}"
    return f"{'✓' if finding.ok else '✗'} {finding.words}{tail}"


class Probe:
    """One case of one check: its inputs, and the way to the submission."""

    def __init__(self, rng: random.Random, *, open: bool) -> None:
        self.rng = rng
        self.open = open  # may the inputs be shown?
        self._served: list[Any] = []
        self._link: Link | None = None

    async def call(self, name: str, *args: object, **named: object) -> object:
        """What the submission's function returns, sync or async. Raises `Raised` if it does."""
        return await self._ask("call", name, list(args), named)

    def model(self, *answers: Line, size: str = "large", **settings: Any) -> "Served":
        """A model that gives `answers` in turn; without any, the simulated model itself.

        `settings` are the `Simulator`'s: faults, latency, seed.
        """
        script = Script(answers)
        if answers:
            settings["answer"] = script
        simulator = Simulator(**settings)
        return self._serve("model", Served(simulator=simulator, script=script, name=f"sim-{size}"))

    def tools(self, *tools: Tool) -> "Served":
        """A Toolbox of these tools, which run here."""
        return self._serve("toolbox", Served(tools={one.name: one for one in tools}))

    def function(self, function: Callable[..., object]) -> "Served":
        """A function that the submission may call, and that runs here."""
        return self._serve("function", Served(function=function))

    def expect(self, holds: object, words: str) -> None:
        """Raises `Broken` with `words` unless `holds`; they must not give the inputs away."""
        if not holds:
            raise Broken(words)

    def forbid(self, happened: object, words: str) -> None:
        """Raises `Forbidden` if it `happened`: then no automatic point of the lab counts."""
        if happened:
            raise Forbidden(words)

    def equal(self, got: object, wanted: object, words: str) -> None:
        """Raises `Broken` unless both are the same in value and type, all the way down."""
        if not is_same(got, wanted):
            shown = f" (you gave {got!r:.200}, wanted {wanted!r:.200})" if self.open else ""
            raise Broken(words + shown)

    def _serve(self, kind: str, served: "Served") -> "Served":
        served.token = Token(kind, len(self._served), served.about)
        self._served.append(served)
        return served

    async def _ask(self, name: str, *parts: object) -> object:
        assert self._link is not None
        return _wrap(await self._link.ask(name, *parts), self)

    def hold(self, value: object) -> Token:
        """The token of something that is served from here."""
        if isinstance(value, Served | Handle):
            return value.token
        raise NotAValue(f"a check cannot send a {type(value).__name__}")

    def handle(self, name: str, parts: Any) -> object:
        """Serve one question of the submission."""
        served = self._served[parts[0]]
        match name:
            case "http":
                return served.respond(*parts[1:])
            case "tool":
                return served.run(*parts[1:])
            case "source":
                return served.source(*parts[1:])
            case "function":
                return served.apply(*cast(list[Any], _wrap(parts[1:], self)))
        raise NotAValue(f"a question {name!r}")


class Served:
    """Something that the check serves to the submission, and what was asked of it.

    `requests` are the bodies that a model was sent, `calls` the calls that tools or a function had:
    (name, arguments), or (positional, named).
    """

    token: Token

    def __init__(
        self,
        *,
        simulator: Simulator | None = None,
        script: Script | None = None,
        name: str = "",
        tools: Mapping[str, Tool] | None = None,
        function: Callable[..., object] | None = None,
    ) -> None:
        self.simulator, self.name = simulator, name
        self.tools, self.function = tools or {}, function
        self.requests: list[Mapping[str, Any]] = []
        self.calls: list[tuple[Any, Any]] = []
        self.at_once = 0  # the most calls that were under way together
        self._running = 0

    @property
    def about(self) -> dict[str, object]:
        """What the submission must know to use it."""
        if self.simulator is not None:
            return {"name": self.name}
        if self.function is not None:
            awaits = iscoroutinefunction(self.function)
            return {"name": self.function.__name__, "awaits": awaits}
        return {"tools": [_about_tool(one) for one in self.tools.values()]}

    def respond(self, method: str, path: str, body: bytes) -> dict[str, object]:
        """The model's answer to one request."""
        assert self.simulator is not None
        if path.endswith("/chat/completions"):
            self.requests.append(json.loads(body))
        return asdict(respond(method, path, body, simulator=self.simulator))

    def source(self, name: str, arguments: Mapping[str, object]) -> frozenset[str]:
        """The taint of what a tool returns for these arguments."""
        return self.tools[name].source(arguments)

    async def run(
        self,
        name: str,
        arguments: Mapping[str, object],
        key: str = "",
        step: str = "",
        taint: Mapping[str, Iterable[str]] | None = None,
    ) -> object:
        """One call of a tool; what follows the arguments is for tools that want the whole call."""
        tool = self.tools[name]
        self.calls.append((name, dict(arguments)))
        checked = tool.check(arguments)
        if tool.call_parameter:
            sources = {each: frozenset(found) for each, found in (taint or {}).items()}
            call = Call(name, dict(checked), key, tool.risk, step, sources, tool.repeatable)
            checked[tool.call_parameter] = call
        self._running += 1
        self.at_once = max(self.at_once, self._running)
        try:
            result = tool.run(**checked)
            return await result if isinstance(result, Awaitable) else result
        finally:
            self._running -= 1

    def apply(self, args: list[object], named: Mapping[str, object]) -> object:
        """One call of a function."""
        assert self.function is not None
        self.calls.append((tuple(args), dict(named)))
        return self.function(*args, **named)


class Handle:
    """An object that stayed with the submission."""

    def __init__(self, token: Token, probe: Probe) -> None:
        self.token, self._probe = token, probe

    async def call(self, method: str, *args: object, **named: object) -> object:
        """What its method returns."""
        return await self._probe._ask("method", self.token.id, method, list(args), named)

    async def get(self, attribute: str) -> object:
        """Its attribute."""
        return await self._probe._ask("attribute", self.token.id, attribute)


def _wrap(value: object, probe: Probe) -> object:
    """Tokens of the submission's objects as handles, wherever they stand."""
    if isinstance(value, Token):
        return Handle(value, probe) if value.kind == "handle" else probe._served[value.id]
    if isinstance(value, list):
        return [_wrap(part, probe) for part in value]
    if isinstance(value, tuple):
        return tuple(_wrap(part, probe) for part in value)
    if isinstance(value, dict):
        return {key: _wrap(part, probe) for key, part in value.items()}
    if isinstance(value, Struct):
        return Struct(value.name, {n: _wrap(part, probe) for n, part in value.fields.items()})
    return value


def _about_tool(tool: Tool) -> dict[str, object]:
    fields = tool.parameters.model_fields.items()
    parameters = [[name, formatannotation(info.annotation)] for name, info in fields]
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": parameters,
        "risk": int(tool.risk),
        "keyed": tool.call_parameter is not None,
        "tainted": tool.source is not Tool.source,
        "reads": tool.reads,
        "writes": tool.writes,
    }


def is_same(got: object, wanted: object) -> bool:
    """Equal in value and in type, all the way down: 1, 1.0 and True are three things.

    >>> is_same([1, {"a": 2.0}], [1, {"a": 2.0}]), is_same([1], [True])
    (True, False)
    """
    if type(got) is not type(wanted):
        return False
    if isinstance(got, dict):
        other = cast(dict[object, object], wanted)
        return list(map(repr, sorted(got, key=repr))) == list(
            map(repr, sorted(other, key=repr))
        ) and all(is_same(value, other[key]) for key, value in got.items())
    if isinstance(got, list | tuple):
        others = cast(list[object], wanted)
        return len(got) == len(others) and all(map(is_same, got, others))
    return got == wanted


async def run_check(lab: Lab, check: Check, connect: Connect, seed: int = PUBLIC_SEED) -> Finding:
    """Try one property, case by case, until it breaks; a visible check's public case first."""
    for case in (*public_cases(check), *secret_cases(check)):
        if message := await run_case(lab, check, case, connect, seed):
            return found(check, message)
    return found(check)


def public_cases(check: Check) -> tuple[int, ...]:
    """The number of the case whose inputs learners can know; none where the check is hidden."""
    return () if check.hidden else (PUBLIC_CASE,)


def secret_cases(check: Check) -> range:
    """The numbers of the cases whose inputs nobody knows: they decide about the points."""
    last = check.cases if check.hidden else max(check.cases - 1, 1)
    return range(PUBLIC_CASE + 1, last + 1)


async def run_case(lab: Lab, check: Check, case: int, connect: Connect, seed: int) -> str:
    """What broke in one case, or nothing; only where learners can know the inputs may it say."""
    drawn = PUBLIC_SEED if case == PUBLIC_CASE else seed
    rng = random.Random(digest(drawn, lab.id, check.question, check.words, case))
    probe = Probe(rng, open=drawn == PUBLIC_SEED and not check.hidden)
    try:
        async with connect(probe.handle, probe.hold) as probe._link:
            await check.run(probe)
    except Exception as error:
        return _in_words(error, probe)
    return ""


def found(check: Check, message: str = "") -> Finding:
    """The finding of a check that holds, or of one that broke, and how."""
    return Finding(check.question, check.words, check.points, not message, message)


def is_forbidden(finding: Finding) -> bool:
    """Did something happen that must never happen?"""
    return not finding.ok and finding.message.startswith(FORBIDDEN)


def without_forbidden(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings as they count: where one is of what must never happen, nothing holds."""
    if not any(map(is_forbidden, findings)):
        return tuple(findings)
    told = "it holds, and does not count: something happened that must never happen"
    return tuple(replace(f, ok=False, message=told) if f.ok else f for f in findings)


def _in_words(error: Exception, probe: Probe) -> str:
    match error:
        case Forbidden():
            return f"{FORBIDDEN}{error}"
        case Raised(kind="NotImplementedError"):
            return NOT_WRITTEN
        case Raised() if probe.open and error.text:
            return f"{error} ({error.text[:300]})"
        case Broken():
            return str(error) or "it does not hold"
        case NotAValue():
            return f"what came back cannot be read: {error}"
    # The check stumbled over what it was given: a number where a text should be, a missing field.
    detail = f" ({type(error).__name__}: {error})" if probe.open else ""
    return f"what came back does not have the shape that the question asks for{detail}"[:400]


def in_place(namespace: Mapping[str, object]) -> Connect:
    """Links to `namespace` in this process, over the same wire format."""
    from .host import Host

    @asynccontextmanager
    async def connect(handle: Handler, hold: Callable[[object], Token]) -> AsyncIterator[Link]:
        def to_host(frame: Frame) -> None:
            host.link.receive(json.loads(json.dumps(frame)))

        def to_judge(frame: Frame) -> None:
            judge.receive(json.loads(json.dumps(frame)))

        judge, host = Link(to_host, handle, hold), Host(namespace, to_judge)
        try:
            yield judge
        finally:
            judge.close(Broken("the check is over"))
            host.link.close(Broken("the check is over"))

    return connect


def load_lab(folder: Path) -> Lab:
    """The lab of `folder/checks.py`, what learners do not get marked hidden. Raises `BadFile`."""
    path = folder / "checks.py"
    try:
        text = path.read_text(encoding="utf-8")
        lab, released = _run_file(text, path), _run_file(without_hidden(text, path.name), path)
    except Exception as error:
        raise BadFile(f"{path} holds no checks: {type(error).__name__}: {error}.") from error
    shown = {(check.question, check.words) for check in released.checks}
    lab.checks = [
        replace(check, hidden=(check.question, check.words) not in shown) for check in lab.checks
    ]
    return lab


def _run_file(text: str, path: Path) -> Lab:
    names: dict[str, object] = {"__name__": f"checks_of_{path.parent.name}", "__file__": str(path)}
    exec(compile(text, str(path), "exec"), names)
    return cast(Lab, names["lab"])


def _notebook() -> Mapping[str, object]:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise BadInput("There is no notebook here: give the names to check as `namespace`.")
    return cast(Mapping[str, object], shell.user_ns)

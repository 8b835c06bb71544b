"""What happened: spans with parent, time, tokens, dollars and error, as JSON Lines.

The current trace and span live in one context variable, so whatever runs inside `with Trace():`
is recorded in the right place, in parallel tasks too. A span is written as it closes: a raise, an
interrupt or a kill loses only what had not ended. (The idea is OpenTelemetry's, cut down.)
"""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Literal, TextIO

from planlab.errors import BadFile, NotSaved, redact, secrets
from planlab.records import Usage

Kind = Literal["run", "step", "model", "tool"]

_HEADER = {"planlab_trace": 1}


@dataclass
class Span:
    """One thing that happened; times are seconds since the trace began, `end` None while open."""

    id: int
    parent: int | None
    kind: Kind
    name: str
    start: float
    end: float | None = None
    usage: Usage = field(default_factory=Usage)
    error: str | None = None
    data: dict[str, object] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took; 0.0 while it is open."""
        return 0.0 if self.end is None else self.end - self.start


class Trace:
    """The spans of one run, in the order in which they began.

    >>> with Trace() as trace, span("run", "demo"):
    ...     with span("tool", "calculate") as child:
    ...         child.data["arguments"] = {"expression": "6 * 7"}
    >>> [(s.name, s.parent) for s in trace.spans]
    [('demo', None), ('calculate', 0)]

    With a `path`, each span is also appended to that file. A file that cannot be written never
    stops the run: leaving the block raises `NotSaved`, and `save` puts the whole trace elsewhere.
    """

    def __init__(
        self, path: str | Path | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.spans: list[Span] = []
        self._path = None if path is None else Path(path)
        self._clock, self._began = clock, clock()
        self._file: TextIO | None = None
        self._problem: OSError | None = None
        self._token: Token[tuple[Trace, int | None] | None] | None = None

    def __enter__(self) -> "Trace":
        if self._path is not None:
            self._file = _open_new(self._path)
        self._token = _CURRENT.set((self, None))
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
        self._close()
        if self._problem is None:
            return
        message = (
            f"The trace could not be written to {self._path}: {self._problem.strerror}. "
            "It is whole in memory: make room, or save it elsewhere with trace.save(path)."
        )
        if error is None:
            raise NotSaved(message) from None
        error.add_note(message)

    @property
    def usage(self) -> Usage:
        """The sum over all spans; each token and dollar is counted where it was spent."""
        return sum((span.usage for span in self.spans), Usage())

    def usage_in(self, outer: Span) -> Usage:
        """The sum over `outer` and all that happened inside it."""
        inside, total = {outer.id}, outer.usage
        for span in self.spans[outer.id + 1 :]:
            if span.parent in inside:
                inside.add(span.id)
                total += span.usage
        return total

    def of(self, kind: Kind) -> list[Span]:
        """The spans of one kind."""
        return [span for span in self.spans if span.kind == kind]

    def save(self, path: str | Path) -> None:
        """Write the whole trace to a new file, or over an older trace; raises `NotSaved`."""
        try:
            with _open_new(Path(path)) as file:
                file.writelines(_line(span) for span in self.spans)
        except OSError as problem:
            raise NotSaved(f"The trace could not be saved to {path}: {problem.strerror}.") from None

    @staticmethod
    def load(path: str | Path) -> "Trace":
        """A trace from its file. A last line cut by a crash is left out with a warning."""
        lines = _read_lines(Path(path))[1:]
        trace = Trace()
        for number, line in enumerate(lines, start=2):
            try:
                record = json.loads(line)
                trace.spans.append(Span(**{**record, "usage": Usage(**record["usage"])}))
            except (ValueError, TypeError, KeyError) as problem:
                if number <= len(lines):
                    raise BadFile(f"Line {number} of {path} is not a span: {problem}.") from None
                warnings.warn(f"The last line of {path} is cut off; left out.", stacklevel=2)
        trace.spans.sort(key=lambda span: span.id)
        return trace

    def _begin(self, kind: Kind, name: str, parent: int | None) -> Span:
        span = Span(len(self.spans), parent, kind, name, self._clock() - self._began)
        self.spans.append(span)
        return span

    def _end(self, span: Span) -> None:
        span.end = self._clock() - self._began
        if self._file is None:
            return
        try:
            self._file.write(_line(span))
            self._file.flush()
        except OSError as problem:
            self._problem = problem
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as problem:
                self._problem = self._problem or problem


_CURRENT: ContextVar[tuple[Trace, int | None] | None] = ContextVar("planlab_trace", default=None)


@contextmanager
def span(kind: Kind, name: str, *, leaf: bool = False) -> Iterator[Span]:
    """A span of the current trace, open for the length of the block; whatever raises is noted.

    What runs inside becomes its child, unless it is a `leaf` (so that a generator may hold one
    open). Without a current trace the span is handed out all the same, and recorded nowhere.
    """
    current = _CURRENT.get()
    if current is None:
        yield Span(0, None, kind, name, 0.0)
        return
    trace, parent = current
    opened = trace._begin(kind, name, parent)
    token = None if leaf else _CURRENT.set((trace, opened.id))
    try:
        yield opened
    except BaseException as error:
        opened.error = redact(f"{type(error).__name__}: {error}".removesuffix(": "))
        raise
    finally:
        if token is not None:
            _CURRENT.reset(token)
        trace._end(opened)


@contextmanager
def current_trace() -> Iterator[Trace]:
    """The trace that is being recorded, or a new one for the length of the block."""
    current = _CURRENT.get()
    if current is not None:
        yield current[0]
    else:
        with Trace() as trace:
            yield trace


def _line(record: object) -> str:
    known = secrets()
    return json.dumps(_plain(record, known), ensure_ascii=False) + "\n"


def _plain(value: object, known: Sequence[tuple[str, str]], depth: int = 0) -> object:
    """As JSON knows it, whatever it is; keys are cut out here, where no escape hides them."""
    if value is None or isinstance(value, int | float):
        return value
    if is_dataclass(value):
        value = {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {redact(str(k), known): _plain(v, known, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_plain(part, known, depth + 1) for part in value]
    return redact(str(value), known)


_DEEPEST = 20  # levels; a structure that contains itself ends here


def _open_new(path: Path) -> TextIO:
    if path.exists() and path.stat().st_size:
        _read_lines(path)
    try:
        with ExitStack() as undo:
            # Half a character, as from a broken stream, has a JSON escape but no UTF-8.
            file = undo.enter_context(path.open("w", encoding="utf-8", errors="backslashreplace"))
            file.write(_line(_HEADER))
            file.flush()
            undo.pop_all()
    except OSError as problem:
        raise NotSaved(
            f"No trace can be written to {path}: {problem.strerror}. Choose another place."
        ) from None
    return file


def _read_lines(path: Path) -> list[str]:
    """The lines; those cut in the middle of a character too, so that the rest can be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")
    except OSError as problem:
        raise BadFile(f"{path} cannot be read as a trace: {problem}.") from None
    if lines[0] != _line(_HEADER).rstrip("\n"):
        raise BadFile(f"{path} is not a trace of planlab; it is left as it is.")
    return lines

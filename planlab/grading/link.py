"""One end of the wire between the judge and a submission: questions and answers, both ways."""

import asyncio
import builtins
import inspect
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

from planlab import errors

from .values import NotAValue, Token, decode, encode

Frame = Mapping[str, object]
MOST_QUESTIONS = 1000  # that one end answers: more is a flood
Handler = Callable[[str, Sequence[object]], object]
"""Answers a question: its name, what came with it. May return an awaitable, and may raise."""


class Broken(Exception):
    """A property does not hold; the words say what is wrong, and give no input away."""


class Forbidden(Broken):
    """Something happened that must never happen: nothing else that holds counts any more."""


class Raised(Broken):
    """The other side raised an exception: `kind` is its class, `text` what it said."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(f"it raised {kind}" if _is_known(kind) else "it raised an exception")
        self.kind = kind
        self.text = text


class Stopped(Broken):
    """The submission was stopped, or ended itself, before it answered."""


def _is_known(kind: str) -> bool:
    # A class of the submission's own could carry anything in its name.
    found = getattr(builtins, kind, None) or getattr(errors, kind, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def revive(raised: Raised) -> Exception:
    """The exception as this side knows it, so that tools can fail in their own way."""
    found = getattr(errors, raised.kind, None) or getattr(builtins, raised.kind, None)
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            return found(raised.text)
        except TypeError:  # it wants more than a message
            pass
    return RuntimeError(f"{raised.kind}: {raised.text}")


class Link:
    """Asks the other end, and answers it with `handle`.

    `send` takes frames away; whoever reads the other end's frames hands them to `receive`. `wait`
    reads until the answer is there, for code that cannot await.
    """

    def __init__(
        self,
        send: Callable[[Frame], None],
        handle: Handler,
        hold: Callable[[object], Token],
        wait: Callable[[Callable[[], bool]], None] | None = None,
    ) -> None:
        self._send, self._handle, self._hold, self._wait = send, handle, hold, wait
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._answers: dict[int, Frame | None] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._closed: Broken | None = None
        self._heard = 0

    @property
    def waits(self) -> bool:
        """Does this end still wait for an answer?"""
        return bool(self._answers)

    @property
    def owes(self) -> bool:
        """Does the other end wait for an answer from here?"""
        return bool(self._serving)

    async def ask(self, name: str, *parts: object) -> object:
        """The other end's answer. Raises `Raised`, or `Stopped` where none will come."""
        id = self._question(name, parts)
        future = self._asked[id] = asyncio.get_running_loop().create_future()
        self._deliver(id)  # it may be there already
        return await future

    def ask_now(self, name: str, *parts: object) -> object:
        """The same for code that cannot await: nothing else runs meanwhile."""
        id = self._question(name, parts)
        self._answers.setdefault(id, None)
        if self._wait is not None:
            self._wait(lambda: self._answers[id] is not None or self._closed is not None)
        answer = self._answers.pop(id)
        if answer is None:
            raise self._closed or Stopped("no answer came")
        return _read(answer)

    def receive(self, frame: Frame) -> None:
        """Take in one frame of the other end. Raises `NotAValue` for one that means nothing."""
        match frame:
            case {"ask": int(id), "name": str(name), "parts": list(parts)}:
                self._heard += 1
                if self._heard > MOST_QUESTIONS:
                    raise NotAValue(f"more than {MOST_QUESTIONS} questions")
                self._serve(id, name, [decode(part) for part in parts])
            case {"reply": int(id)}:
                if id in self._answers:  # else nobody asked, or asks no more
                    self._answers[id] = frame
                    self._deliver(id)
            case _:
                raise NotAValue("a frame that is neither question nor answer")

    def close(self, why: Broken) -> None:
        """Nothing more will come: whoever waits is told why."""
        self._closed = self._closed or why
        for future in self._asked.values():
            if not future.done():
                future.set_exception(self._closed)
        self._asked.clear()
        for task in self._serving:
            task.cancel()

    def _question(self, name: str, parts: Sequence[object]) -> int:
        if self._closed:
            raise self._closed
        # Not a counter: who could guess the number could answer before the question is put.
        id = secrets.randbits(62)
        # Known before it is sent: at the other end of the same loop the answer comes at once.
        self._answers[id] = None
        self._send({"ask": id, "name": name, "parts": [encode(p, self._hold) for p in parts]})
        return id

    def _deliver(self, id: int) -> None:
        future, answer = self._asked.get(id), self._answers.get(id)
        if future is None or answer is None:
            return
        del self._asked[id], self._answers[id]
        if future.done():
            return
        try:
            future.set_result(_read(answer))
        except (Broken, NotAValue) as error:
            future.set_exception(error)

    def _serve(self, id: int, name: str, parts: Sequence[object]) -> None:
        try:
            result = self._handle(name, parts)
        except Exception as error:
            self._reply_error(id, error)
            return
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(self._serve_later(id, result))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        else:
            self._reply(id, result)

    async def _serve_later(self, id: int, result: Awaitable[object]) -> None:
        try:
            self._reply(id, await result)
        except Exception as error:
            self._reply_error(id, error)

    def _reply(self, id: int, value: object) -> None:
        try:
            self._send({"reply": id, "value": encode(value, self._hold)})
        except NotAValue as error:
            self._reply_error(id, error)

    def _reply_error(self, id: int, error: Exception) -> None:
        kind = error.kind if isinstance(error, Raised) else type(error).__name__
        text = error.text if isinstance(error, Raised) else str(error)
        self._send({"reply": id, "error": [kind, text[:2000]]})


def _read(answer: Frame) -> object:
    match answer:
        case {"error": [str(kind), str(text)]}:
            raise Raised(kind, text)
        case {"value": value}:
            return decode(value)
    raise NotAValue("an answer without a value")

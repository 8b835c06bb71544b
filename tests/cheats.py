"""A small lab to attack, notebooks of it, and ways to cheat. Only a sandbox runs this code.

A cheat is written as a function and stands in a notebook as source. What `@answers` marks defines
the lab's functions itself; what `@reaches` marks tries to get at something, and if it says that it
did, the right solution is run: so whoever reaches anything has points to show for it.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import signal
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from planlab.grading.grades import Grade
from planlab.grading.hidden import without_hidden
from planlab.grading.judge import grade_all
from planlab.grading.submissions import Submission

LAB = "lab90"
SEED = 20_260_101
SECRET = "SECRET"  # begins every hidden input of the lab, and must reach no learner
FULL = 8.0

CHECKS = """
from planlab import Risk, tool
from planlab.grading import Lab, Probe, Question, calls, says

lab = Lab(
    "lab90",
    "A lab to attack",
    questions=(
        Question("twice", 3, "Twice"),
        Question("relay", 3, "Relay"),
        Question("total", 2, "Total"),
        Question("explain", 1, "Explain", manual=True),
    ),
    withheld=("planlab.patterns.react", {marker!r}),
)


def draw(probe):
    return ("open" if probe.open else "SECRET") + str(probe.rng.randrange(10**9))


async def check_twice(probe):
    text = draw(probe)
    probe.equal(await probe.call("twice", text), [text, text], "it is not the text, twice")


async def check_relay(probe):
    key, note = draw(probe), draw(probe)

    @tool(risk=Risk.LOW)
    async def look_up(key: str) -> str:
        "The note of this key."
        return note

    model = probe.model(calls(("look_up", {{"key": key}})), says(note[::-1]))
    tools = probe.tools(look_up)
    answer = await probe.call("relay", draw(probe), model, tools)
    probe.equal(answer, note[::-1], "it is not the last answer")
    probe.equal(tools.calls, [("look_up", {{"key": key}})], "the call was not made")
    probe.equal(len(model.requests), 2, "two requests are right")
    probe.equal(model.requests[1]["messages"][-1]["content"], note, "the note did not get there")


async def check_total(probe):
    numbers = [probe.rng.randrange(1000) for _ in range(3)]
    probe.equal(await probe.call("total", numbers), sum(numbers), "it is not the sum")


lab.property("twice", 1, "a text is doubled")(check_twice)
lab.property("relay", 1, "a call is made")(check_relay)
lab.property("total", 1, "numbers are added")(check_total)
### BEGIN HIDDEN TESTS
lab.property("twice", 2, "any text is doubled")(check_twice)
lab.property("relay", 2, "any call is made")(check_relay)
lab.property("total", 1, "any numbers are added")(check_total)
### END HIDDEN TESTS
"""

SETUP = "from checks import lab"
RIGHT = {
    "twice": "def twice(text):\n    return [text, text]",
    "relay": """
import json

async def relay(goal, model, tools):
    messages = [{"role": "user", "content": goal}]
    while (reply := await model.ask(messages, tools=tools)).calls:
        messages.append(reply.message)
        for call in reply.calls:
            seen = await tools.call(call.name, json.loads(call.arguments))
            said = {"tool_call_id": call.id, "content": seen.text}
            messages.append({"role": "tool", **said})
    return reply.text
""",
    "total": "def total(numbers):\n    return sum(numbers)",
}
STUBS = {
    "twice": "def twice(text):\n    raise NotImplementedError",
    "relay": "async def relay(goal, model, tools):\n    raise NotImplementedError",
    "total": "def total(numbers):\n    raise NotImplementedError",
}


@dataclass(frozen=True)
class Case:
    """A submission to be made: cells of questions, and what stands before and after them."""

    name: str
    cells: Mapping[str, str]
    first: Sequence[str] = ()
    last: Sequence[str] = ()
    marked: bool = True  # with nbgrader's metadata, and the lab's own tests


def make_lab(root: Path, marker: str = "planlab.none") -> Path:
    """The lab in `root`, as instructors and learners have it; `marker` is in its command lines."""
    checks = CHECKS.format(marker=marker)
    untouched = Case(LAB, STUBS)
    for folder, text in (("solutions", checks), ("labs", without_hidden(checks, "checks.py"))):
        place = root / folder / LAB
        place.mkdir(parents=True)
        (place / "checks.py").write_text(text, encoding="utf-8")
        write_notebook(untouched if folder == "labs" else Case(LAB, RIGHT), place)
    return root / "solutions" / LAB


def write_notebook(case: Case, folder: Path) -> Submission:
    """The notebook of `case` in `folder`."""
    sources = [("", SETUP), *(("", source) for source in case.first)]
    for question, source in case.cells.items():
        sources.append((question, source))
        if case.marked:
            sources.append((f"check-{question}", f'await lab.check("{question}")'))
    sources += [("", source) for source in case.last]
    cells = [_cell(new_code_cell(source), id, case.marked) for id, source in sources]
    cells.append(_cell(new_markdown_cell("Because."), "explain", case.marked))
    about = {"planlab": {"lab": LAB, "version": "1"}} if case.marked else {}
    path = folder / f"{case.name}.ipynb"
    path.write_text(json.dumps(new_notebook(cells=cells, metadata=about)))
    return Submission(case.name, path)


def _cell(cell: nbformat.NotebookNode, id: str, marked: bool) -> nbformat.NotebookNode:
    if id and marked:
        cell.metadata["nbgrader"] = {"grade_id": id, "schema_version": 3}
    return cell


async def grade_cases(
    lab: Path, submissions: Sequence[Submission], jobs: int = 8, *, unsafe: bool = False
) -> dict[str, Grade]:
    """Every grade, by the submission's name."""
    grading = grade_all(lab, submissions, seed=SEED, jobs=jobs, unsafe=unsafe)
    return {grade.submission: grade async for grade in grading}


def left_behind(marker: str) -> list[int]:
    """The processes of the lab with this marker that still run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            state = (place / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if marker.encode() in words and state != "Z":
            found.append(int(place.name))
    return found


CHEATS: dict[str, Case] = {}


def write_everywhere(data: bytes) -> None:
    """Write to every open descriptor, as far as it takes it."""
    for descriptor in range(3, 60):
        with contextlib.suppress(OSError):
            os.set_blocking(descriptor, False)
            os.write(descriptor, data)


def say(frame: object) -> None:
    """Write a frame to every open descriptor."""
    body = json.dumps(frame).encode()
    write_everywhere(len(body).to_bytes(4, "big") + body)


PRELUDE = "\n".join(
    [
        "import asyncio, contextlib, ctypes, gc, importlib, inspect, json, os, signal, socket",
        "import sys, threading, time",
        "from pathlib import Path",
        f"SECRET = {SECRET!r}",
        inspect.getsource(write_everywhere),
        inspect.getsource(say),
    ]
)
WIN = "\n".join(RIGHT.values())


def answers(cheat: Callable[..., object]) -> None:
    """The function's body is a cell, which defines the lab's functions in its own way."""
    body = inspect.getsource(cheat).partition(":\n")[2]
    CHEATS[cheat.__name__] = Case(cheat.__name__, STUBS, [PRELUDE], [textwrap.dedent(body)])


def reaches(cheat: Callable[..., object]) -> None:
    """The function is run in a cell; where it returns something true, the cheat has won."""
    source = inspect.getsource(cheat).partition("\n")[2]
    run = f"if {cheat.__name__}():\n" + textwrap.indent(WIN, "    ")
    CHEATS[cheat.__name__] = Case(cheat.__name__, STUBS, [PRELUDE], [source, run])


# Objects instead of answers


@answers
def equals_everything():
    """What `==` says is up to the object."""

    class Equal:
        def __eq__(self, other):
            return True

        def __hash__(self):
            return 0

    def twice(text):
        return Equal()

    def relay(goal, model, tools):
        return Equal()

    def total(numbers):
        return Equal()


@answers
def equal_texts_and_numbers():
    """Subclasses of what is expected, equal to everything, with a hash and a length that lie."""

    def lying(base):
        lies = dict.fromkeys(["__eq__", "__contains__", "__bool__"], lambda *_: True)
        return type("Lie", (base,), {**lies, "__ne__": lambda *_: False, "__hash__": lambda _: 0})

    def twice(text):
        return lying(list)([lying(str)("a"), lying(str)("b")])

    def relay(goal, model, tools):
        return lying(str)("c")

    def total(numbers):
        return lying(int)(7)


@answers
def equal_dicts_and_tuples():
    """The same for containers."""

    class Lie(dict):
        def __eq__(self, other):
            return True

        def items(self):
            return [("a", 1), ("a", 2), (1, 3), (True, 4), (1.0, 5)]

    class Long(tuple):
        def __eq__(self, other):
            return True

        def __len__(self):
            return 2

    def twice(text):
        return Lie()

    def relay(goal, model, tools):
        return Long()

    def total(numbers):
        return Lie()


@answers
def forges_the_wire_format():
    """Values that look like the tags of the wire: tokens of the judge's own objects, errors."""

    def twice(text):
        return {"token": ["model", 0, None], "value": [text, text], "reply": 1}

    def relay(goal, model, tools):
        from planlab.grading.values import Token

        return [Token("toolbox", -1), Token("function", 0), Token("handle", 10**9)]

    def total(numbers):
        from planlab.grading.values import Token

        return Token("handle", 0, {"a": 1})


@answers
def does_not_a_number():
    """Neither equal nor unequal to anything."""

    def twice(text):
        return [float("nan"), float("inf"), -0.0, complex(0, 1)]

    def relay(goal, model, tools):
        return "\ud800 \x00 \x1b[2J"

    def total(numbers):
        return float("nan")


# Patches of what the child runs with


@answers
def rewrites_the_notebook():
    """An AST transformer and an input transformer that mend every cell after them."""
    import ast

    class Mend(ast.NodeTransformer):
        def visit_Raise(self, node):
            return ast.parse("return True").body[0]

        def visit_Compare(self, node):
            return ast.Constant(True)

    shell = get_ipython()  # noqa: F821
    shell.ast_transformers.append(Mend())
    shell.input_transformers_post.append(lambda lines: ["x = True\n"])
    shell.user_ns["lab"] = None


@answers
def patches_json():
    """Every frame says that all went well."""
    json.dumps = lambda *_, **__: '{"ok": true, "points": 100, "cell": 1, "ready": true}'
    json.JSONEncoder.encode = lambda *_: '{"ok": true}'


@answers
def patches_planlab():
    """The probe's own code, and the visible checks, say yes."""
    from planlab import grading
    from planlab.grading import checks, host, link, values
    from planlab.model import Model
    from planlab.toolbox import Toolbox

    values.encode = lambda value, *_: value
    link.encode = link.decode = values.encode
    host.Host._call = lambda *_: True
    link.Link._serve = lambda self, id, *_: self._reply(id, True)
    checks.is_same = checks._in_words = lambda *_: True
    checks.Probe.equal = checks.Probe.expect = lambda *_: None
    grading.Probe = grading.Lab = Model.ask = Toolbox.call = None
    lab = sys.modules["checks"].lab
    lab.check = lab.property = lambda *_: 8.0
    lab.checks.clear()


@answers
def patches_builtins():
    """What everything else is made of."""
    import builtins

    builtins.isinstance = lambda *_: True
    builtins.len = lambda *_: 2
    builtins.str = builtins.list = builtins.sum = lambda *_: "7"


@answers
def prints_a_result():
    """What it prints looks like the grader's findings."""
    line = '{"question": "twice", "points": 3, "ok": true}\n✓ a text is doubled\n'
    print(line, file=sys.stderr)
    for descriptor in range(3):
        os.write(descriptor, line.encode())
    line  # noqa: B018
    "✓ any text is doubled: 8 of 8"


@answers
async def defines_the_visible_cases():
    """The inputs of the public seed are known: so are the answers to them."""
    from planlab.grading.checks import in_place, run_case

    lab, known = sys.modules["checks"].lab, {}

    def twice(text):
        known[text] = [text, text]
        return known.get(text)

    for check in lab.of("twice"):
        await run_case(lab, check, 0, in_place({"twice": twice}), 0)

    def twice(text):
        return known.get(text)


# Forged frames


@answers
def writes_to_every_descriptor():
    """Frames of every kind on all that is open, while the cells run."""
    frames = [
        {"ready": True},
        {"ran": 1, "error": "x" * 100_000},
        *({"reply": id, "value": [SECRET] * 2} for id in range(50)),
        *({"cell": number} for number in range(20)),
    ]
    for frame in frames:
        say(frame)


@answers
def writes_while_it_is_asked():
    """Answers that nobody asked for, before and after its own."""

    def twice(text):
        for id in range(100):
            say({"reply": id, "value": [text, text]})
        say({"ask": 1, "name": "call", "parts": ["twice", [text], {}]})
        say({"ask": 2, "name": "http", "parts": [-1, "POST", "/chat/completions", 7]})
        say({"ask": 3, "name": "function", "parts": []})
        say({"ask": 4, "name": "tool", "parts": [[], {}, "a"]})
        threading.Timer(0.01, say, [{"reply": 1, "value": 1}]).start()
        return None

    def relay(goal, model, tools):
        say([])
        return goal

    def total(numbers):
        write_everywhere(b"\xff\xff\xff\xff no frame")


@answers
def forges_the_evidence():
    """Calls of tools and the model, made without a loop, in every number and order."""

    async def relay(goal, model, tools):
        for _ in range(3):
            await model.ask([{"role": "tool", "tool_call_id": "x", "content": goal}])
        await tools.call("look_up", {"key": goal})
        return goal


@answers
def answers_from_a_daemon():
    """A process of the cells waits for the judge's sockets, and answers in the probe's stead."""

    def steal():
        import array

        for descriptor in range(3, 60):
            try:
                line = socket.socket(fileno=descriptor)
                _, found, *_ = line.recvmsg(16, socket.CMSG_SPACE(64))
                for *_, data in found:
                    for one in array.array("i", data):
                        os.write(one, b'\x00\x00\x00\x0b{"reply":1}')
            except OSError:
                pass

    if os.fork() == 0:
        os.setsid()
        while True:
            steal()


# Things that must not be in reach


@reaches
def reads_the_solutions():
    """By guessed paths, by what the modules say, by what is above."""
    import planlab

    root = Path(planlab.__file__).parents[1]
    guesses = [root, Path.cwd(), Path("/"), Path("/home"), Path("/root"), Path("/tmp")]
    guesses += [Path(path) for path in sys.path] + [*root.parents, Path("../../.."), Path(".")]
    for guess in guesses:
        for found in (
            "solutions",
            "lab90/../solutions",
            "grades",
            ".git",
            "tests",
            "pyproject.toml",
        ):
            if (guess / found).exists():
                return found
    return next(Path("/").glob("*/*/solutions"), None)


@reaches
def reads_the_machine():
    """Files that every system has, the home, other processes."""
    names = ("/etc/passwd", "/etc/hostname", "/proc/self/mem", "/proc/1/root", "/sys/kernel")
    names += (
        "/dev/shm",
        "/var/log",
        "/root/.profile",
        "/home",
        "/usr/bin",
        "/run",
        "/dev/pts",
        "/boot",
    )
    return [name for name in names if os.path.exists(name)] or os.environ.get("PATH")


@reaches
def goes_through_descriptors():
    """A folder that was open when the walls were built would lead out."""
    for descriptor in range(256):
        try:
            os.fchdir(descriptor)
            return descriptor
        except OSError:
            pass
    here = os.open("/", os.O_RDONLY)
    try:
        os.chroot("/submission")
        os.fchdir(here)
    except PermissionError:
        return os.path.exists("../../etc")
    return True


@reaches
def finds_the_withheld_module():
    """By import, by source, by compiled code, in memory."""
    import planlab.patterns

    try:
        import planlab.patterns.react
    except ImportError:
        pass
    else:
        return True
    name, folder = "planlab.patterns.react", Path(planlab.patterns.__file__).parent
    for path in [folder / "react.py", *folder.rglob("react*"), *folder.rglob("*.pyc")]:
        data = path.read_bytes()
        if b"run_react" in data and "react" in path.name:
            return True
    found = importlib.util.find_spec(name)
    if found and "run_react" in (found.loader.get_source(name) or ""):
        return True
    functions = [one for one in gc.get_objects() if inspect.isfunction(one)]
    return name in sys.modules or any(one.__module__ == name for one in functions)


@reaches
def finds_the_hidden_tests_in_memory():
    """In every object, frame, module and history there is."""
    main = sys.modules["__main__"]
    frames, frame = [], sys._getframe()
    while frame:
        frames.append(frame)
        frame = frame.f_back
    frames += sys._current_frames().values()
    places = [vars(main), *(frame.f_locals for frame in frames), *gc.get_objects()]
    texts = [place for place in places if isinstance(place, str)]
    texts += [value for p in places if isinstance(p, dict) for value in p.values()]
    hidden = "### BEGIN HIDDEN" + " TESTS\nlab.prop"
    words = "any text is" + " doubled"
    return [t for t in texts if isinstance(t, str) and (hidden in t or words in t) and "def " in t]


@reaches
def knows_the_seed():
    """In its own memory map, among the arguments and the environment."""
    seed = int("2026" + "0101")
    numbers = [one for one in gc.get_objects() if isinstance(one, (list, tuple, dict))]
    inside = [v for one in numbers for v in (one.values() if isinstance(one, dict) else one)]
    return str(seed) in str(sys.orig_argv) + str(os.environ) or any(
        type(one) is int and one == seed for one in inside
    )


@reaches
def uses_the_network():
    """Itself, the machine, the outside, and sockets with a name or none."""
    for address in (("127.0.0.1", 22), ("127.0.0.1", 631), ("1.1.1.1", 53), ("10.0.0.1", 80)):
        try:
            socket.create_connection(address, timeout=0.2)
            return address
        except OSError:
            pass
    names = ["/run/docker.sock", "/var/run/dbus/system_bus_socket", "\0/tmp/.X11-unix/X0"]
    for name in names:
        try:
            socket.socket(socket.AF_UNIX).connect(name)
            return name
        except OSError:
            pass
    return [name for _, name in socket.if_nameindex() if name != "lo"]


@reaches
def looks_up_a_name():
    """A name server would tell whether there is a network."""
    try:
        return socket.getaddrinfo("example.org", 80)
    except OSError:
        return None


@reaches
def becomes_somebody():
    """More rights: other users, mounts, another root, other processes' memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    for attempt in (lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.chroot("/usr")):
        try:
            attempt()
            return True
        except OSError:
            pass
    done = [
        libc.mount(b"none", b"/submission", b"tmpfs", 0, None),
        libc.umount2(b"/submission", 2),
        libc.ptrace(16, 1, 0, 0),
    ]
    return 0 in done or os.getppid() > 0


@reaches
def uncovers_the_withheld_module():
    """In namespaces of its own, where it would be root."""
    import planlab

    libc = ctypes.CDLL(None, use_errno=True)
    folder = Path(planlab.__file__).parent / "patterns"
    if os.fork() == 0:
        libc.unshare(0x10000000 | 0x00020000)
        libc.umount2(str(folder / "react.py").encode(), 2)
        libc.umount2(str(folder).encode(), 2)
        libc.mount(str(folder).encode(), b"/submission", None, 4096, None)
        for path in (folder / "react.py", Path("/submission/react.py")):
            if path.exists() and "run_react" in path.read_text():
                os._exit(1)
        os._exit(0)
    return os.wait()[1]


@reaches
def writes_where_it_must_not():
    """Into Python, the package, the root, a gradebook."""
    import planlab

    package = Path(planlab.__file__).parent
    folders = [package, package.parent, Path(os.__file__).parent, Path("/"), Path("/usr/lib")]
    for folder in folders:
        for name in ("grades.db", "gradebook.db", "checks.py", "__pycache__/x.pyc"):
            try:
                (folder / name).write_text("1")
                return folder / name
            except OSError:
                pass
    try:
        os.chmod(package / "records.py", 0o777)
        return True
    except OSError:
        return False


@reaches
def kills_the_others():
    """Every process that it can name; whoever is killed is not of this notebook."""
    own, killed = {os.getpid(), 0, 1}, []
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for pid in [os.getppid(), *range(2, 3000), -1]:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(pid, number)
                killed.append(pid)
            except OSError:
                pass
    return [pid for pid in killed if pid not in own]


@answers
def kills_its_group():
    """And the group's, the session's, and itself."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(0, signal.SIGTERM)
    with contextlib.suppress(OSError):
        os.killpg(os.getppid(), signal.SIGKILL)

    def twice(text):
        os.killpg(0, signal.SIGKILL)

    def relay(goal, model, tools):
        os.kill(1, signal.SIGKILL)
        os.kill(1, signal.SIGSTOP)
        os.kill(-1, signal.SIGKILL)

    def total(numbers):
        os.kill(os.getpid(), signal.SIGSTOP)


# Outliving


@answers
def leaves_daemons():
    """Processes and threads that shed their parent, their session and every signal."""
    libc = ctypes.CDLL(None)
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            libc.prctl(1, 0, 0, 0, 0)
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(0)
    threading.Thread(target=time.sleep, args=[1000], daemon=False).start()

    def twice(text):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
        return None


@answers
def outlives_the_limit():
    """It catches what is sent when its time is over, and goes on."""
    for number in (signal.SIGXCPU, signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    def twice(text):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass


@answers
def waits_for_its_child():
    """The system counts a process that waits for its vfork as busy."""
    libc = ctypes.CDLL(None)

    def twice(text):
        if libc.syscall(56, 0x4000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
            time.sleep(1000)


@answers
def hides_its_time():
    """Children that nobody waits for do the work, so that no parent's account shows it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    def twice(text):
        while True:
            if os.fork() == 0:
                until = time.process_time() + 0.04
                while time.process_time() < until:
                    pass
                os._exit(0)
            time.sleep(0.04)


@answers
def renews_its_time():
    """It says that the next cell has begun, again and again."""
    while True:
        for number in range(20):
            say({"cell": number})


# Hidden inputs on their way out: every one begins with SECRET


@answers
def says_the_inputs_in_errors():
    """As an exception's text, and as its class."""

    def twice(text):
        raise ValueError(text)

    async def relay(goal, model, tools):
        raise type(goal, (Exception,), {})(goal)

    def total(numbers):
        raise KeyError(str(numbers))


@answers
def says_the_inputs_in_names():
    """As the name of a dataclass, of its fields, of a class, of a missing attribute."""
    from dataclasses import make_dataclass

    def twice(text):
        return make_dataclass(text, [(text, int, 1)])()

    async def relay(goal, model, tools):
        return type(goal, (), {"__slots__": ()})()

    def total(numbers):
        return make_dataclass(f"number{numbers[0]}", [])()


@answers
def tells_later_what_it_saw():
    """It keeps the inputs, and says them where a message is shown: in a public case."""

    def twice(text):
        with open("seen", "a") as file:
            file.write(text)
        raise SystemExit(text)

    def total(numbers):
        raise ValueError(Path("seen").read_text())


@answers
def tells_through_output():
    """Printed, logged, warned, displayed, as an answer's text, as a request to the model."""
    import logging
    import warnings

    def twice(text):
        print(text)
        logging.error(text)
        warnings.warn(text, stacklevel=1)
        os.write(1, text.encode())
        get_ipython().set_next_input(text)  # noqa: F821
        return text

    async def relay(goal, model, tools):
        await tools.call(goal, {goal: goal})
        return (await model.ask([{"role": "user", "content": goal}])).text + goal

    def total(numbers):
        return str(numbers) * 200_000


# Hostile values


@answers
def nests_without_end():
    """Depth, and rings."""

    def twice(text):
        deep = []
        for _ in range(100_000):
            deep = [deep]
        return deep

    def relay(goal, model, tools):
        ring = []
        ring.append(ring)
        return ring

    def total(numbers):
        ring = {}
        ring["ring"] = (ring,)
        return ring


@answers
def returns_giants():
    """More digits and more characters than anyone reads."""

    def twice(text):
        return 10**100_000

    def relay(goal, model, tools):
        return "x" * 50_000_000

    def total(numbers):
        return [[]] * 3_000_000


@answers
def collides():
    """Keys with the same hash, of which a dict is slow."""

    class Many(dict):
        def items(self):
            return [(number * (2**61 - 1), 0) for number in range(100_000)]

    def twice(text):
        return Many()

    def total(numbers):
        return {1: 1, "1": 1, (1, (1,)): 2, None: 3}


@answers
def objects_that_bite():
    """Whatever is asked of them raises, or lasts."""

    class Bite:
        def __getattribute__(self, name):
            raise SystemExit(name)

    class Sleep(str):
        def __str__(self):
            time.sleep(1000)

        __repr__ = __len__ = __iter__ = __hash__ = __str__

    class Text(Exception):
        def __str__(self):
            raise KeyboardInterrupt

    def twice(text):
        return Bite()

    def relay(goal, model, tools):
        return [Sleep("a"), {Sleep: Sleep("b")}]

    def total(numbers):
        raise Text


@answers
def generators_and_handles():
    """Things that can only be handed over by name."""

    def twice(text):
        yield from iter(int, 1)

    async def relay(goal, model, tools):
        return (one async for one in tools)

    def total(numbers):
        return [object, len, sys, open, (number for number in numbers)]


@answers
def awaitables_that_raise():
    """What the loop itself listens to."""

    def twice(text):
        raise GeneratorExit

    async def relay(goal, model, tools):
        raise asyncio.CancelledError

    async def total(numbers):
        asyncio.current_task().cancel()
        await asyncio.sleep(1)


@answers
def ends_the_loop():
    """KeyboardInterrupt, SystemExit and a stopped loop."""

    async def twice(text):
        raise KeyboardInterrupt

    async def relay(goal, model, tools):
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)

    async def total(numbers):
        raise SystemExit(str(numbers))


@answers
def never_ends():
    """It waits for nothing."""

    async def relay(goal, model, tools):
        await asyncio.Event().wait()


@answers
def floods_the_judge():
    """Questions without end, and bytes that are none."""

    async def relay(goal, model, tools):
        while True:
            await tools.call("look_up", {"key": goal})

    def twice(text):
        while True:
            say({"ask": 1, "name": "http", "parts": [[[]] * 1000]})


@answers
def fills_the_disk():
    """Bytes, files, folders."""
    try:
        for number in range(100):
            Path(f"{number}").write_bytes(b"x" * 10_000_000)
    except OSError:
        pass

    def twice(text):
        for number in range(100_000):
            Path(f"file{number}").touch()

"""Chromium drives JupyterLab, as a learner would: diagrams are drawn, and buttons decide.

Lab runs in a learner's environment where CI_RUN_LEARNER_PYTHON names its Python (nbgrader, which
developers have, changes Lab), and in this one otherwise. CI_RUN_SCREENSHOTS names a directory for
pictures of what was seen.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
PATIENCE = 180_000  # milliseconds, for a slow machine; what is there sooner is not waited for
OWN = ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS")

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None and "CI_RUN_REQUIRES_BROWSER" not in os.environ,
        reason=f"no browser here: none of {', '.join(BROWSERS)} is on the path",
    ),
    pytest.mark.timeout(900),
]

SETUP = '''
from planlab.errors import NeedsApproval
from planlab.records import Argument, Plan, Step
from planlab.show.review import ButtonReviewer
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Risk, tool

@tool(risk=Risk.LOW)
async def look() -> str:
    """Look at the orders."""
    return "1 order <b>of</b> 40 dollars"

@tool(risk=Risk.HIGH, writes="account")
async def pay(account: str, amount: float) -> str:
    """Pay US dollars into an account."""
    return f"paid {amount} to {account}"

def step(id, tool, *needs, **arguments):
    arguments = tuple(Argument(name=n, value=v) for n, v in arguments.items())
    return Step(id=id, description=f"{tool.capitalize()} for the orders", how="tool", tool=tool,
                arguments=arguments, depends_on=needs, output=f"{tool}_result", expected_output="")

steps = (step("s1", "look"), step("s2", "pay", "s1", account="A-1", amount=40.0))
PLAN = Plan(goal="Refund the customer", reasoning="", steps=steps, version=1)

async def high_asks(call):
    if call.risk is Risk.HIGH:
        raise NeedsApproval(f"{call.tool} asks", call)

tools = Toolbox((look, pay))
reviewer = ButtonReviewer(tools)
box = guarded(tools, gates=(high_asks,), reviewer=reviewer)

async def run():
    plan = await reviewer(PLAN)
    for s in plan.steps:
        print(s.id, (await box.call(s.tool, s.arguments, step=s.id)).text)

print("ready")
'''


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of what a learner opens, with a notebook of reviews."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("notebooks", "planlab"):
        shutil.copytree(ROOT / folder, root / folder)
    write_reviews(root / "notebooks" / "reviews.ipynb")
    return root


@pytest.fixture(scope="module")
def lab(course):
    """The address of a JupyterLab over the copy, with nothing of this user's."""
    python = os.environ.get("CI_RUN_LEARNER_PYTHON", sys.executable)
    port = free_port()
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", "--IdentityProvider.token="]
    own = {f"{name}_DIR": str(course / ".own" / name) for name in OWN}
    own |= {"IPYTHONDIR": str(course / ".own" / "IPYTHON"), "PYTHONPATH": str(course)}
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = stack.enter_context((course / "lab.log").open("w"))
        server = subprocess.Popen(
            command, cwd=course, env={**os.environ, **own}, stdout=log, stderr=log
        )
        stack.enter_context(server)
        stack.callback(stop, server)
        wait_until_up(f"{address}/api/status", server, course / "lab.log")
        yield f"{address}/lab/tree/notebooks"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def stop(server):
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


def wait_until_up(address, server, log):
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        try:
            return urllib.request.urlopen(address, timeout=PATIENCE / 1000).close()
        except OSError:
            assert server.poll() is None, f"JupyterLab ended: {log.read_text()}"
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer: {log.read_text()}")


def write_reviews(path):
    """A notebook that sets up what is reviewed, and a cell for each of its tests."""
    code = [SETUP, *["await run()"] * 6, ""]  # a cell after the last: it can go on to there
    cells = [nbformat.v4.new_code_cell(text) for text in code]
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def clear_outputs(path):
    """Take the outputs out of a notebook; how many were diagrams, errors, and code cells."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)
    diagrams = sum("text/vnd.mermaid" in output.get("data", {}) for output in outputs)
    return diagrams, sum(output.output_type == "error" for output in outputs), len(code)


@pytest.fixture(scope="module")
def context():
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        context = browser.new_context(viewport={"width": 1280, "height": 1600})
        context.set_default_timeout(PATIENCE)
        yield context
        browser.close()


@pytest.fixture(scope="module")
def asked(context):
    """Every address that a page asked for, web sockets too."""
    addresses = []

    def watch(page):
        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", lambda socket: addresses.append(socket.url))

    context.on("page", watch)
    return addresses


@pytest.fixture(autouse=True)
def _nothing_asks_the_network(asked):
    yield
    hosts = {urlsplit(a).hostname for a in asked if not a.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


class Notebook:
    """An open notebook, and what people do with it."""

    def __init__(self, page, address):
        self.page = page
        page.goto(f"{address}?reset")  # forgets what was open before
        # Only a kernel that is there hears what is run.
        sees(page.locator("#jp-main-statusbar"), "| Idle")
        self.cells = page.locator(".jp-Notebook .jp-Cell")

    def run_all(self):
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def sees_the_end(self, errors, code_cells):
        """Wait until all cells ran in turn, and as many ended in an error as when it was stored."""
        last = self.page.locator(".jp-Notebook .jp-CodeCell").last
        sees(last.locator(".jp-InputPrompt"), f"[{code_cells}]:")
        # Lab shows an error as what was written to stderr.
        failed = self.page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
        sees_number(failed, errors, "errors")

    def run(self, index):
        """Run a cell, once no other runs: an error drops what waits behind it; its output."""
        sees_number(self.page.get_by_text("[*]:"), 0, "cells that run")
        cell = self.cells.nth(index)
        cell.locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Shift+Enter")
        return cell.locator(".jp-Cell-outputArea")

    def tab_to(self, button):
        for _ in range(30):
            if button.evaluate("button => button === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError("Tab does not reach the button")

    def keep(self, name, part=None):
        """Keep a picture of the page, or a part of it, where the environment says where."""
        if folder := os.environ.get("CI_RUN_SCREENSHOTS"):
            (part or self.page).screenshot(path=Path(folder) / f"{name}.png")


def sees(place, text):
    expect(place, f"{text!r} does not come").to_contain_text(text, timeout=PATIENCE)


def sees_number(places, count, what):
    expect(places, f"not {count} {what}").to_have_count(count, timeout=PATIENCE)


def button(output, name):
    """The button of that name that can be clicked; of a question that is decided, none can."""
    return output.get_by_role("button", name=name, exact=True, disabled=False)


def try_edit(output, text):
    output.get_by_role("textbox", name="as JSON", disabled=False).fill(text)
    button(output, "Approve as edited").click()


def drawings(output):
    """The pictures that Lab made of diagrams."""
    return output.locator(".jp-RenderedMermaid img[src^='data:image/svg']")


def sees_drawn(output, count):
    pictures = drawings(output)
    sees_number(pictures, count, "diagrams")
    for picture in pictures.all():
        drawn = expect(picture, "a diagram is not drawn")
        drawn.not_to_have_js_property("naturalWidth", 0, timeout=PATIENCE)


@pytest.fixture(scope="module")
def reviews(context, asked, lab):
    """The notebook of reviews, set up."""
    notebook = Notebook(context.new_page(), f"{lab}/reviews.ipynb")
    sees(notebook.run(0), "ready")
    return notebook


@pytest.fixture
def opened(context, asked, lab, course):
    """Opens a notebook of the course without its outputs, and says what they were."""
    with ExitStack() as stack:

        def open_notebook(name):
            stored = clear_outputs(course / "notebooks" / name)
            page = context.new_page()
            stack.callback(page.close)
            return Notebook(page, f"{lab}/{name}"), *stored

        yield open_notebook


def test_notebook_00_runs_and_its_diagrams_are_drawn(opened):
    notebook, diagrams, errors, code_cells = opened("00_start_here.ipynb")
    assert diagrams
    notebook.run_all()
    notebook.sees_the_end(errors, code_cells)
    sees_drawn(notebook.page, diagrams)


def test_notebook_08_waits_for_an_edit_and_runs_on_with_it(opened):
    notebook, diagrams, errors, code_cells = opened("08_gates.ipynb")
    assert diagrams
    notebook.run_all()
    form = notebook.page.locator(".planlab-review")
    output = notebook.page.locator(".jp-Cell-outputArea", has=form)
    sees_number(output, 1, "cells with buttons")
    button(output, "Edit").click()
    sees_drawn(notebook.page, diagrams)  # all of them stand above
    draft = output.get_by_role("textbox", name="as JSON").input_value()
    assert "126.0" in draft
    try_edit(output, draft.replace("126.0", '"much"'))
    sees(output, "amount: Input should be a valid number")
    notebook.keep("08-bad-call", output)
    try_edit(output, draft.replace("126.0", "5"))
    sees(output, "paid $5.00 to Birch Bakery")
    notebook.sees_the_end(errors, code_cells)
    notebook.keep("08-edited-call", output)


def test_what_is_approved_runs_as_it_was_shown(reviews):
    output = reviews.run(1)
    sees(output, "May this plan run?")
    sees_drawn(output, 1)
    sees(output, "Nothing goes on until you decide.")  # the page and the kernel hear each other
    button(output, "Approve").click()
    sees(output, "May pay be called, for step s2?")
    reviews.keep("08-approve")
    button(output, "Approve").click()
    sees(output, "s2 paid 40.0 to A-1")


def test_a_bad_edit_of_a_plan_stays_open_and_a_good_one_runs(reviews):
    output = reviews.run(2)
    button(output, "Edit").click()
    draft = output.get_by_role("textbox", name="as JSON").input_value()
    try_edit(output, "nonsense")
    sees(output, "These are no steps")
    reviews.keep("08-bad-plan")
    try_edit(output, draft.replace("40.0", "25.0"))
    sees(output, "s1 1 order")
    button(output, "Approve").click()
    sees(output, "s2 paid 25.0 to A-1")


def test_a_rejected_plan_does_not_run(reviews):
    output = reviews.run(3)
    output.get_by_role("textbox", name="Reason to reject").fill("too <b>dear</b>")
    button(output, "Reject").click()
    sees(output, "Refused: The plan was rejected: too <b>dear</b>")
    expect(output).not_to_contain_text("s1 1 order")
    reviews.keep("08-rejected-plan")


def test_a_rejected_call_does_not_run_and_the_agent_reads_why(reviews):
    output = reviews.run(4)
    button(output, "Approve").click()
    sees(output, "May pay be called")
    output.get_by_role("textbox", name="Reason to reject", disabled=False).fill("too dear")
    button(output, "Reject").click()
    sees(output, "s2 Error: pay was rejected: too dear")
    reviews.keep("08-rejected-call")


def test_interrupt_ends_the_wait_and_nothing_is_approved(reviews):
    output = reviews.run(5)
    expect(button(output, "Approve")).to_be_visible(timeout=PATIENCE)
    reviews.page.get_by_role("button", name="Interrupt").first.click()
    sees(output, "Stopped: nothing was approved.")
    expect(button(output, "Approve")).to_have_count(0)
    expect(output).not_to_contain_text("s1 1 order")
    reviews.keep("08-interrupted")


def test_the_keyboard_alone_is_enough(reviews):
    output = reviews.run(6)
    expect(button(output, "Approve")).to_be_visible(timeout=PATIENCE)
    reviews.page.keyboard.press("ArrowUp")  # from the next cell back to this one
    reviews.tab_to(button(output, "Approve"))
    reviews.page.keyboard.press("Enter")
    sees(output, "May pay be called")
    reviews.tab_to(button(output, "Approve"))
    reviews.page.keyboard.press("Space")
    sees(output, "s2 paid 40.0 to A-1")

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
PATIENCE = 120_000  # milliseconds, for a slow machine; what is there sooner is not waited for
OWN = ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS")

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None and "CI_RUN_REQUIRES_BROWSER" not in os.environ,
        reason=f"no browser here: none of {', '.join(BROWSERS)} is on the path",
    ),
    pytest.mark.timeout(600),
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
    plan = await reviewer.review(PLAN)
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
    for _ in range(PATIENCE // 200):
        try:
            return urllib.request.urlopen(address).close()
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


def write_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    drawn = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            drawn += sum("text/vnd.mermaid" in output.get("data", {}) for output in cell.outputs)
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)
    return drawn


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

    def run_all(self):
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def run(self, index):
        """Run a cell, once no other runs: an error drops what waits behind it; its output."""
        expect(self.page.get_by_text("[*]:")).to_have_count(0, timeout=PATIENCE)
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(index)
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
    expect(place).to_contain_text(text, timeout=PATIENCE)


def button(output, name):
    """The button of that name that can be clicked; of a question that is decided, none can."""
    return output.get_by_role("button", name=name, exact=True, disabled=False)


def try_edit(output, text):
    output.get_by_role("textbox", name="as JSON", disabled=False).fill(text)
    button(output, "Approve as edited").click()


def drawings(output):
    """The pictures that Lab made of diagrams."""
    return output.locator(".jp-RenderedMermaid img[src^='data:image/svg']")


@pytest.fixture(scope="module")
def reviews(context, asked, lab):
    """The notebook of reviews, set up."""
    notebook = Notebook(context.new_page(), f"{lab}/reviews.ipynb")
    sees(notebook.run(0), "ready")
    return notebook


def test_notebook_00_runs_and_its_diagrams_are_drawn(context, asked, lab, course):
    drawn = write_without_outputs(course / "notebooks" / "00_start_here.ipynb")
    assert drawn
    notebook = Notebook(context.new_page(), f"{lab}/00_start_here.ipynb")
    notebook.run_all()
    pictures = drawings(notebook.page)
    expect(pictures).to_have_count(drawn, timeout=PATIENCE)
    assert all(image.evaluate("image => image.naturalWidth") > 0 for image in pictures.all())
    notebook.keep("00-start-here")
    notebook.keep("00-first-diagram", pictures.first)
    expect(notebook.page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(
        0
    )


def test_what_is_approved_runs_as_it_was_shown(reviews):
    output = reviews.run(1)
    sees(output, "May this plan run?")
    expect(drawings(output)).to_have_count(1, timeout=PATIENCE)
    sees(output, "Nothing goes on until you decide.")  # the page and the kernel hear each other
    button(output, "Approve").click()
    sees(output, "May pay be called, for step s2?")
    reviews.keep("08-approve")
    button(output, "Approve").click()
    sees(output, "s2 paid 40.0 to A-1")


def test_a_bad_edit_stays_open_and_a_good_one_runs(reviews):
    output = reviews.run(2)
    button(output, "Edit").click()
    draft = output.get_by_role("textbox", name="as JSON").input_value()
    try_edit(output, "nonsense")
    sees(output, "These are no steps")
    reviews.keep("08-bad-plan")
    try_edit(output, draft.replace("40.0", "25.0"))
    sees(output, "s1 1 order")
    button(output, "Edit").click()
    try_edit(output, '{"account": "A-1"}')
    sees(output, "amount: Field required")
    reviews.keep("08-bad-call")
    try_edit(output, '{"account": "A-2", "amount": 5}')
    sees(output, "s2 paid 5.0 to A-2")


def test_a_rejected_plan_does_not_run(reviews):
    output = reviews.run(3)
    output.get_by_role("textbox", name="Reason to reject").fill("too <b>dear</b>")
    button(output, "Reject").click()
    sees(output, "Refused: The plan: a person said no: too <b>dear</b>")
    expect(output).not_to_contain_text("s1 1 order")
    reviews.keep("08-rejected-plan")


def test_a_rejected_call_does_not_run_and_the_agent_reads_why(reviews):
    output = reviews.run(4)
    button(output, "Approve").click()
    sees(output, "May pay be called")
    output.get_by_role("textbox", name="Reason to reject", disabled=False).fill("too dear")
    button(output, "Reject").click()
    sees(output, "s2 Error: pay: a person said no: too dear")
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

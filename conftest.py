"""What holds for every test and notebook: no real model, nothing random, a table of run times."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import settings

# A learner's own settings must not reach the tests: they would ask, and pay for, a real model.
# The kernels of the notebooks inherit this environment.
for _name in [name for name in os.environ if name.startswith(("PLANLAB_", "OPENAI_"))]:
    del os.environ[_name]

# looptime asks for the event loop of tests that have none. Before Python 3.14 the first such
# question makes a loop that nobody closes, unless it has been said that there is none.
if sys.version_info < (3, 14):
    asyncio.set_event_loop(None)

# The same examples each time, and no verdict that hangs on how busy the machine is.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


# A worker that is handed one of these last would keep the other one waiting.
LONGEST_FIRST = (
    "tests/test_every_lab.py",
    "tests/test_browser.py",
    "notebooks/",
    "tests/test_durable",
    "tests/test_labs.py",
    "tests/test_red_team.py",
    "tests/test_ledger",
    "tests/test_cheats.py",
    "tests/test_bad_submissions.py",
    "tests/test_fill.py",
    "tests/test_cadence.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; with `--no-loadscope-reorder` workers keep to the order."""
    items.sort(key=lambda item: place_of(item.nodeid, LONGEST_FIRST))


def place_of(name: str, beginnings: Sequence[str]) -> int:
    """The place of the first that `name` begins with; after all of them where there is none."""
    matches = (place for place, beginning in enumerate(beginnings) if name.startswith(beginning))
    return next(matches, len(beginnings))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long each notebook ran: the start of its kernel and all its cells."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            file = getattr(report, "nodeid", "").partition("::")[0]
            if file.endswith(".ipynb") and hasattr(report, "duration"):
                seconds[file] += report.duration
    if seconds:
        terminalreporter.section("run time of each notebook")
        for file, total in sorted(seconds.items()):
            terminalreporter.write_line(f"{total:6.1f} s  {file}")

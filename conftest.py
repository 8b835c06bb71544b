"""What holds for every test and every notebook: no real model, and a table of run times."""

import os
from collections import Counter

import pytest

# A learner's own settings must not reach the tests: they would ask, and pay for, a real model.
# The kernels of the notebooks inherit this environment.
for _name in [name for name in os.environ if name.startswith(("PLANLAB_", "OPENAI_"))]:
    del os.environ[_name]


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

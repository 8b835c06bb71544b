"""Processes killed at random moments: what they leave behind is what an undisturbed run leaves."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

HERE = Path(__file__).parent
LIMIT = 4  # steps in flight, as in ledger_lives


def killed_runs(folder: Path, *, steps: int, kills: int, seed: int = 1) -> list[dict]:
    program = [sys.executable, HERE / "ledger_lives.py", folder, str(seed), str(steps), str(kills)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    made = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return [json.loads(line) for line in made.stdout.splitlines()]


def check(run: dict) -> None:
    """Nothing lost, nothing doubled, nothing done again but what was in flight."""
    calm, rough = run["calm"], run["rough"]
    assert rough["results"] == calm["results"]
    assert rough["unknown"] == 0
    assert sorted(rough["paid"]) == sorted(calm["paid"])
    assert max(Counter(rough["paid"]).values(), default=0) <= 1
    starts, cut_off = follow(rough["flights"])
    assert set(starts) == set(calm["results"])
    again = {id: count - 1 for id, count in starts.items() if count > 1}
    assert all(count <= cut_off[id] for id, count in again.items())
    assert set(rough["plain"]) == set(calm["plain"])
    doubled = Counter(rough["plain"]) - Counter(calm["plain"])
    assert all(count <= cut_off[id] for id, count in doubled.items())


def follow(flights: list[str]) -> tuple[Counter, Counter]:
    """How often each step was started, and how often it was in flight at a kill."""
    starts, cut_off, flying = Counter(), Counter(), set()
    for line in [*flights, "born"]:
        what, _, id = line.partition(" ")
        if what == "born":
            assert len(flying) <= LIMIT
            cut_off.update(flying)
            flying = set()
        elif what == "start":
            starts[id] += 1
            flying.add(id)
        else:
            flying.discard(id)
    return starts, cut_off


def test_twenty_kills_change_nothing(tmp_path):
    found = killed_runs(tmp_path, steps=60, kills=20)
    assert sum(run["killed"] for run in found) >= 20
    for run in found:
        check(run)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_kills_change_nothing(tmp_path, capsys):
    found = killed_runs(tmp_path, steps=400, kills=1000)
    for run in found:
        check(run)
    again = sum(count - 1 for run in found for count in follow(run["rough"]["flights"])[0].values())
    killed = sum(run["killed"] for run in found)
    assert killed >= 1000
    with capsys.disabled():
        print(f"\n{killed} kills, {len(found)} plans of 400 steps, {again} steps run again")

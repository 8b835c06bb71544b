"""The study of the searches: what a run stands for, and that the stored rows are its runs."""

import pytest

from planlab.compare import load_rows, select
from planlab.compare.search import STUDY, SYSTEMS, is_solution, run
from planlab.world.puzzles import Game24

STORED = load_rows("notebooks/data/search.csv")[1]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_stored_run_can_be_had_again(system):
    row = select(STORED, system, **STUDY.base)[3]
    assert await run(system, STUDY.base, row.seed) == row.outcome


@pytest.mark.parametrize("system", ["breadth first, b = 5", "best of n", "best first", "LATS"])
async def test_a_run_tells_of_every_smaller_budget_too(system):
    for row in select(STORED, system, **STUDY.base)[:4]:
        for budget in (5, 20, 60):
            short = await run(system, {**STUDY.base, "budget": budget}, row.seed)
            whole = row.outcome
            assert short.success == (whole.success and whole.calls <= budget)


def test_the_puzzle_judges_whatever_the_search_said():
    puzzle = Game24((4, 6))
    assert is_solution(puzzle, ("4 * 6 = 24",))
    assert not is_solution(puzzle, ("4 + 6 = 10",))
    assert not is_solution(puzzle, ())
    assert not is_solution(puzzle, None)


def test_the_stored_rows_are_those_of_the_study():
    cells = [(system, dict(conditions)) for system, conditions in STUDY.cells()]
    assert [(row.system, dict(row.conditions)) for row in STORED[:: len(STORED) // 42]] == cells

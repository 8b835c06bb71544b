"""What importing costs: planlab beside openai, each in a fresh process, in turns.

    python bench/imports.py [rounds]

`import planlab` loads its names when they are first used, so the fair comparison is the second:
everything a lesson imports.
"""

import subprocess
import sys
import time
from statistics import median, quantiles

STATEMENTS = {
    "import openai": "import openai",
    "import planlab": "import planlab",
    "what a lesson imports": (
        "from planlab import Plan, Toolbox, Trace, connect, run_graph, tool; "
        "from planlab.patterns.react import run_react"
    ),
}


def seconds(statement: str) -> float:
    """Wall time of a new interpreter that runs `statement`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    empty, took = [], {name: [] for name in STATEMENTS}
    for statement in STATEMENTS.values():
        seconds(statement)  # writes the bytecode
    for _ in range(rounds):
        empty.append(seconds("pass"))
        for name, statement in STATEMENTS.items():
            took[name].append(seconds(statement))
    base = median(took["import openai"]) - median(empty)
    print(f"{'':24}{'median ms':>10}{'quartiles':>16}{'of openai':>11}   ({rounds} rounds)")
    for name, values in took.items():
        own = [1000 * (value - median(empty)) for value in values]
        low, middle, high = quantiles(own, n=4)
        print(f"{name:24}{middle:10.0f}{low:8.0f}{high:8.0f}{middle / base / 1000:10.2f}x")


if __name__ == "__main__":
    main()

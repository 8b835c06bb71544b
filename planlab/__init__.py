"""Agents that plan: the helper package of the course.

The names below are what lessons and labs import. They are loaded when first used, so that
`python -m planlab doctor` runs even where a package is missing.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "connect": "model",
    "simulated_only": "model",
    "Model": "model",
    "Trace": "trace",
    "span": "trace",
    "tool": "tools",
    "Toolbox": "toolbox",
    "Call": "tools",
    "Risk": "tools",
    "Budget": "cost",
    "run_graph": "schedule",
    "Task": "schedule",
    "Ledger": "ledger",
    "Goal": "records",
    "Plan": "records",
    "Step": "records",
    "Argument": "records",
    "Ref": "records",
    "Stop": "records",
    "find_defects": "validate",
    "Defect": "validate",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'planlab' has no attribute {name!r}")
    return getattr(import_module(f"planlab.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

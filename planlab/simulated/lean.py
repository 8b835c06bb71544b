"""Imports jsonschema without its check of international addresses (IRIs), before anyone else does.

The package for that check builds 39 grammars when it is imported, which takes longer than all other
imports together; JupyterLab installs it, and no schema here asks for it.
"""

import sys

_SLOW = "rfc3987_syntax"

if "jsonschema" not in sys.modules and _SLOW not in sys.modules:
    sys.modules[_SLOW] = None  # type: ignore[assignment]  # importing it fails, as if it were absent
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[_SLOW]

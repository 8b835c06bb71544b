"""What learners change when they play with a lesson, and what a person would then expect.

Each `edit_*` is one change to a prompt, a tool or a schema. Its docstring is the change; its
assertions say what any sensible model would do, in whatever words. `small_edit_*` are run on the
small model. Everything here uses the public interface alone, and knows nothing of the simulator.
"""

from collections.abc import Awaitable, Callable

from learner_edits import critics, everyday, goals, held_out, plans, protocol, texts, tools
from planlab.model import Model

Edit = Callable[[Model], Awaitable[None]]

EDITS: dict[str, Edit] = {
    name: function
    for module in (tools, goals, plans, texts, critics, protocol, held_out, everyday)
    for name, function in vars(module).items()
    if name.startswith(("edit_", "small_edit_"))
}

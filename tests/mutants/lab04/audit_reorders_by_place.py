"""A step is reordered if it stands elsewhere in the list."""

from planlab import Plan

QUESTIONS = ("audit",)


def record_revision(old: Plan, new: Plan, done: dict, reason: str) -> dict:
    """One entry for the audit: what became of each step, and why."""
    if not reason.strip():
        raise ValueError("A revision needs a reason: say what failed or what was changed.")
    before, after = {s.id for s in old.steps}, {s.id: s for s in new.steps}
    finished = [s.id for s in old.steps if s.id in done and done[s.id].error is None]
    left = [step for step in old.steps if step.id not in finished]
    both = [step for step in left if step.id in after]
    moved = [s.id for s in both if list(after).index(s.id) != [x.id for x in old.steps].index(s.id)]
    return {
        "version": new.version,
        "reason": reason,
        "finished": finished,
        "kept": [step.id for step in both if step.id not in moved],
        "reordered": moved,
        "dropped": [step.id for step in left if step.id not in after],
        "added": [step.id for step in new.steps if step.id not in before],
    }
    ### END SOLUTION

"""What a property of a schema is about: its words, matched to the concepts of a belief.

All rules are tables. A *kind* is where a property stands: at the `root` of an answer, in a `step`
of a plan, in an `argument` of a call, or in any other `item` of a list. The same word may mean
another thing in another kind: `id` inside `step` is the step's.
"""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache

ROOT = {
    "steps": "steps next_steps tasks plan actions subtasks todo todos stages phases subgoals "
    "milestones activities checklist nodes jobs work_items plan_steps action_items procedure "
    "workflow dag remaining_steps to_do_list task_list step_list task_graph days weeks sessions "
    "lessons sprints schedule agenda itinerary roadmap timeline programme chores errands "
    "curriculum modules legs entries_of_plan new_steps revised_plan",
    "edges": "edges links dependencies dependency_graph arrows relations",
    "order": "order execution_order sequence ordering topological_order step_order step_ids",
    "goal": "goal objective task aim target mission request question problem query topic intent",
    "thought": "thought thoughts thinking inner_monologue scratchpad",
    "reasoning": "reasoning rationale analysis chain_of_thought justification explanation why "
    "reason motivation because logic approach strategy evidence argument",
    "summary": "summary overview abstract synopsis tldr gist digest executive_summary description "
    "short_answer in_brief",
    "answer": "answer final_answer response reply result output solution conclusion final_result "
    "final_output final_response message value_returned outcome deliverable",
    "text": "text draft body content document revision revised revised_draft report memo essay "
    "article improved rewritten markdown final_report email letter",
    "score": "score rating grade quality quality_score points stars mark value state_value "
    "evaluation assessment overall usefulness promise reward utility",
    "approved": "approved ok okay passes passed pass is_valid valid accept accepted acceptable "
    "verdict is_correct correct good_enough satisfied sufficient approval meets_requirements "
    "ready is_acceptable judgement judgment is_good success",
    "revise": "revise needs_revision should_revise needs_work rejected needs_improvement "
    "needs_changes revision_needed revision_required failed reject redo must_change",
    "issues": "issues problems defects errors concerns weaknesses flaws mistakes bugs gaps "
    "shortcomings criticisms violations objections faults missing what_is_wrong",
    "failure": "failure what_went_wrong went_wrong failure_reason cause root_cause failed_because "
    "what_failed failed_step lesson lessons_learned problem_found",
    "completed": "completed completed_steps done_steps finished_steps already_done kept kept_steps "
    "completed_so_far",
    "broken": "broken_rules violated_rules failed_rules rules_broken rule_violations "
    "failed_checks failed_criteria unmet_rules unmet_criteria violated broken_rule_numbers",
    "kept_rules": "rules_met passed_rules met_rules satisfied_rules kept_rules passed_checks "
    "passed_criteria met_criteria",
    "needs_plan": "needs_plan requires_plan plan_needed needs_planning requires_planning "
    "multi_step is_multi_step needs_steps is_complex complex several_steps plan_required "
    "worth_planning",
    "winner": "winner better best preferred preference better_answer better_draft winning",
    "checks": "checks rule_checks criteria rules rubric checklist_results per_rule rule_results",
    "feedback": "feedback critique comments comment remarks review justification_of_score",
    "correctness": "correctness accuracy factuality faithfulness groundedness truthfulness",
    "relevance": "relevance on_topic helpfulness focus",
    "completeness": "completeness coverage thoroughness",
    "clarity": "clarity readability coherence style tone grammar conciseness",
    "suggestions": "suggestions improvements fixes changes advice edits repairs proposals "
    "how_to_fix what_to_change improvement",
    "strengths": "strengths positives pros merits what_works good_points",
    "confidence": "confidence certainty probability likelihood sureness how_sure",
    "decision": "decision next_action action_type choice route next next_move what_next path kind "
    "action status state",
    "done": "done finished complete completed is_done is_final goal_achieved solved stop final "
    "should_stop is_finished is_complete finish terminal",
    "unfinished": "should_continue continue keep_going proceed unfinished needs_more_work go_on "
    "more_work_needed continue_loop",
    "replan": "replan should_replan needs_replan needs_replanning plan_changed must_replan",
    "finding": "finding observation discovery insight fact key_finding",
    "findings": "findings facts observations insights key_points highlights takeaways discoveries "
    "bullet_points main_points key_findings bullets points_of_interest notes",
    "numbers": "numbers figures metrics statistics values measurements amounts data_points stats",
    "items": "items rows entries records results list table competitors products entities data "
    "comparison options candidates elements breakdown per_item matches pricing prices",
    "recommendation": "recommendation recommended advice recommended_action proposal next_step",
    "risks": "risks risk_factors threats hazards caveats dangers what_could_go_wrong limitations",
    "outputs": "outputs deliverables artifacts artefacts products_of_work expected_outputs",
    "constraints": "constraints limits restrictions requirements rules conditions boundaries "
    "must_not guardrails",
    "tool": "tool tool_name function function_name uses use action capability command api skill "
    "action_name tool_to_use",
    "arguments": "arguments args params parameters input inputs tool_input action_input kwargs "
    "tool_args payload tool_arguments function_args action_args",
    "title": "title heading headline subject label caption",
    "date": "date day when as_of due deadline created updated timestamp published time",
    "count": "count total quantity amount_of how_many number_of num size length tally",
    "category": "category class type intent classification bucket tag topic_label group sentiment "
    "kind_of",
    "name": "name who customer company person author owner",
    "value": "value amount price cost figure number",
    "duration": "duration total_duration total_weeks total_days total_hours total_minutes "
    "total_months total_time time_needed time_frame timeframe",
    "version": "version plan_version revision_number",
}
STEP = {
    "id": "id step_id task_id node_id key idx identifier uid n number no ref handle step_number nr "
    "task_number index",
    "position": "position order sequence rank index step_order ordinal priority_order "
    "session round",
    "start": "start start_date begin begins starts start_week start_day when date start_time "
    "week_number day_number start_month",
    "deadline": "deadline due due_date end end_date until by finish_by ends finish due_by end_week "
    "end_day target_date latest",
    "duration": "duration minutes hours days weeks months estimated_minutes estimate time_needed "
    "length effort_hours time estimated_time takes how_long duration_minutes estimated_hours mins",
    "owner": "owner assignee responsible assigned_to who person lead in_charge by_whom team_member "
    "responsible_person helper",
    "priority": "priority urgency importance prio moscow severity",
    "title": "title name headline label short_name heading step_name task_name",
    "description": "description desc instruction instructions details detail what todo do step "
    "task activity objective goal action text content body summary prompt work subtask item "
    "topic focus subject theme",
    "tool": "tool tool_name function function_name uses use capability operation command api "
    "skill agent executor worker action_name tool_to_use tools",
    "arguments": "arguments args params parameters input inputs tool_input action_input kwargs "
    "tool_args payload tool_arguments function_args action_args tool_params",
    "depends_on": "depends_on depends needs after requires prerequisites dependencies dependency "
    "deps parents parent blocked_by predecessors previous upstream waits_for wait_for follows "
    "depends_upon prereqs required_steps inputs_from blockers predecessor",
    "output": "output outputs produces output_name variable result_name stores save_as output_key "
    "store_as yields writes provides",
    "expected_output": "expected_output expected outcome expected_result success_criteria result "
    "acceptance_criteria done_when deliverable verification success_criterion expectation "
    "milestone exit_criterion definition_of_done checkpoint",
    "why": "why reason rationale justification purpose because motivation reasoning explanation "
    "thought",
    "how": "how mode method kind type strategy approach executed_by",
    "refs": "refs references uses_results",
    "steps": "steps tasks subtasks substeps actions children sub_steps sub_tasks todos subgoals "
    "checklist activities chores items jobs details",
    "status": "status state progress",
    "done": "done finished complete completed is_done",
    "risk": "risk risk_level danger",
}
ITEM = {
    "id": "id key identifier uid code number",
    "name": "name title label company competitor product item entity subject option heading "
    "customer argument parameter arg param metric who field category",
    "value": "value amount price cost figure quantity total score val number content",
    "text": "text description issue problem finding message detail details what comment note "
    "statement claim summary content observation explanation point defect weakness concern "
    "error risk",
    "source": "source url link reference page origin",
    "approved": "passed pass ok met satisfied holds fulfilled valid is_met complies kept",
    "date": "date updated when as_of",
    "count": "count n occurrences frequency how_many",
}
REF = {"step": "step step_id from source task node id ref", "path": "path field key pointer attr"}
KINDS: Mapping[str, Mapping[str, str]] = {
    "root": ROOT,
    "step": STEP,
    "item": ITEM,
    "argument": {
        "name": "name key argument parameter arg param field",
        "value": "value val content data",
    },
    "arguments": {},
    "ref": REF,
    "edge": {
        "source": "source from start parent before src u tail prerequisite",
        "target": "target to end child after dst v head dependent",
    },
}

# Concepts to answer with, best first, where the belief holds nothing on the one that was asked.
STAND_INS: Mapping[str, tuple[str, ...]] = {
    "answer": ("text", "summary", "finding", "recommendation"),
    "summary": ("answer", "finding", "text", "description", "reasoning", "goal"),
    "text": ("answer", "summary", "description", "finding"),
    "reasoning": ("thought", "why", "summary"),
    "thought": ("reasoning", "why", "summary"),
    "why": ("reasoning", "thought", "expected_output", "goal"),
    "description": ("text", "title", "name"),
    "title": ("name", "description", "goal"),
    "name": ("title", "text"),
    "expected_output": ("output",),
    "finding": ("findings", "answer", "summary"),
    "findings": ("finding", "answer", "summary"),
    "recommendation": ("suggestions", "answer", "summary"),
    "suggestions": ("recommendation",),
    "confidence": ("score",),
    "items": ("findings", "numbers"),
    "numbers": ("items",),
    "value": ("price", "amount", "count", "text"),
    "feedback": ("issues",),
    "failure": ("reason",),
    "correctness": ("score",),
    "relevance": ("score",),
    "completeness": ("score",),
    "clarity": ("score",),
    "category": ("name",),
    "decision": ("done",),
    "done": ("decision",),
    "outputs": ("output",),
}
# What a decision is about: it tells which of several forms of answer is the one to give.
FAVOURS: Mapping[str, tuple[str, ...]] = {
    "finish": ("answer", "text", "summary", "reasoning"),
    "replan": ("steps",),
    "continue": ("tool", "steps"),
}
# The two ways of not finishing: one is said where the other is not offered.
GOING_ON = {"continue": "replan", "replan": "continue"}
# What holds unless the belief says otherwise.
DEFAULTS: Mapping[str, object] = {"version": 1}
# Whole concepts that follow from others; `not` turns a yes into a no.
OPPOSITES = {"revise": "approved", "unfinished": "done"}

# Where a word stands between bad (0) and good (1): orders enums, and reads and writes yes and no.
RANKS = {
    word: rank
    for rank, words in {
        0.0: "no false reject rejected fail failed failing terrible very_poor very_low never f e "
        "incorrect wrong invalid impossible disapprove disapproved denied deny unacceptable awful "
        "strongly_disagree worthless none false_claim refuted not_approved not_ok bad_state",
        0.2: "poor low bad weak unlikely d insufficient not_done incomplete disagree negative "
        "inadequate unsure red doubtful minor small below_average",
        0.35: "revise needs_work needs_revision needs_improvement request_changes "
        "changes_requested revision_needed retry changes_needed rework improve below",
        0.5: "medium moderate maybe average partial fair mixed neutral possible possibly c mid "
        "borderline acceptable uncertain yellow amber normal unknown satisfactory adequate",
        0.7: "good likely high strong b solid probable positive agree above_average major great",
        0.85: "very_good very_likely confident",
        1.0: "yes a true approve approved accept accepted pass passed ok okay excellent very_high "
        "perfect always correct right valid certain sure outstanding strongly_agree supported "
        "confirmed complete success succeeded successful green done lgtm ship a_plus critical "
        "ready satisfied finish",
    }.items()
    for word in words.split()
}
# Words that mean the same when one of several must be chosen.
MEANINGS = tuple(
    frozenset(words.split())
    for words in (
        "finish done end stop complete completed finished answer respond response final "
        "final_answer conclude submit accept terminate solved joinfinish reply",
        "replan revise retry try_again again redo rework change adjust regenerate update "
        "revision joinreplan",
        "continue proceed act next keep go more execute call call_tool use_tool run working "
        "in_progress ongoing step",
        "refuse reject decline deny abort cancel",
        "wait ask clarify pause human escalate",
        "search web_search find lookup look browse google retrieve query research web internet",
        "read read_file open load fetch view cat file",
        "write write_file save store create output compose draft",
        "analyze analyse analyze_data analysis sql data query_database database",
        "calculate calculator compute math arithmetic add calc",
        "email mail send send_email message notify",
        "delete remove erase delete_record drop",
        "pay payment transfer execute_transaction refund transaction money",
        "tool tool_call function action act single",
        "react loop agent",
        "reflect critic review critique self_review",
        "think reason reasoning none llm model no_tool synthesize",
        "low minor small",
        "high major critical severe",
    )
)
NEUTRAL = frozenset(
    re.findall(
        r"\w+",
        "pending todo to_do not_started planned open new none unknown n_a na other general medium "
        "moderate normal default draft neutral unclear unspecified misc",
    )
)


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[str, ...]:
    """`text` as lower-case word stems, split at anything and at camelCase humps.

    >>> words("dependsOn"), words("blocked-by IDs")
    (('depend', 'on'), ('blocked', 'by', 'id'))
    """
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text.replace("IDs", "Ids"))
    return tuple(_stem(word) for word in re.findall(r"[^\W\d_]+|\d+", text.lower()))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith(("ses", "xes", "ches", "shes")) and word[-4] in "sxhi":
        return word[:-2]
    plural = (
        word.endswith("s") and word[-2:-1] not in ("s", "u", "i") and word not in ("has", "was")
    )
    return word[:-1] if plural and len(word) > 2 else word


def slug(text: str) -> str:
    """`text` as `lower_snake_case`, the form of the words in this module's tables."""
    humps = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    return re.sub(r"[\W_]+", "_", humps.lower()).strip("_")


@lru_cache(maxsize=64)
def _phrases(kind: str) -> tuple[tuple[str, tuple[str, ...], int], ...]:
    return tuple(
        (concept, words(phrase), rank)
        for concept, synonyms in KINDS[kind].items()
        for rank, phrase in enumerate(synonyms.split())
    )


@lru_cache(maxsize=8192)
def rank_concepts(kind: str, name: str, about: str, own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The concepts that a property may be about, likeliest first; empty when no word is known.

    `about` is its title and description; `own` the keys of the item that it stands in.
    """
    best: dict[str, float] = {}
    named, told = words(name), words(about)
    for key in own:
        # An item's own key is the surest word there is.
        best[key] = max(1.1 * _closeness(words(key), named), 0.3 * _mention(words(key), told))
    for concept, phrase, rank in _phrases(kind):
        close = _closeness(phrase, named) or 0.3 * _mention(phrase, told)
        best[concept] = max(best.get(concept, 0.0), close - rank / 1000)
    # A far weaker match than the best one is a match of other words: better nothing than that.
    least = max(0.75 * max(best.values(), default=0.0), 0.01)
    return tuple(sorted((c for c in best if best[c] >= least), key=lambda c: -best[c]))


def _closeness(phrase: tuple[str, ...], name: tuple[str, ...]) -> float:
    """1 for the same words; less for the last words, the first, or some; 0 for none."""
    size = len(phrase)
    if not phrase or size > len(name):
        return 0.0
    if phrase == name:
        return 1.0
    share = size / len(name)
    if name[-size:] == phrase:
        return 0.7 + 0.2 * share
    if name[:size] == phrase:
        return 0.5 + 0.2 * share
    return 0.3 + 0.2 * share if _contains(name, phrase) else 0.0


def _mention(phrase: tuple[str, ...], text: tuple[str, ...]) -> float:
    """How early and how fully `text` speaks of `phrase`, from 0 to 1."""
    for at in range(len(text) - len(phrase) + 1):
        if phrase and text[at : at + len(phrase)] == phrase:
            return min(1.0, 0.5 + 0.2 * len(phrase)) - min(at, 20) / 50
    return 0.0


def _contains(text: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(text[at : at + size] == phrase for at in range(len(text) - size + 1))


def rank_of(word: str) -> float | None:
    """Where `word` stands between bad, 0, and good, 1; None when it says nothing of that."""
    return RANKS.get(slug(word), RANKS.get(slug(word).split("_")[0]) if word else None)


@lru_cache(maxsize=8192)
def likeness(one: str, two: str) -> float:
    """How near two words or phrases are in meaning or, failing that, in letters: 0 to 1."""
    a, b = slug(one), slug(two)
    if a == b:
        return 1.0
    mine, other = set(words(one)), set(words(two))
    shared = len(mine & other) / max(1, min(len(mine), len(other)))
    meaning = 0.0
    for group in MEANINGS:
        if (a in group or mine & group) and (b in group or other & group):
            meaning = max(meaning, 0.8 if a in group and b in group else 0.5)
    letters = SequenceMatcher(None, a, b, autojunk=False).ratio()
    return max(meaning, 0.7 * shared, 0.4 * letters)

"""What stands in a prompt's text: labelled sections, tools, a JSON schema, a Thought/Action
protocol.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planlab.simulated.jsontext import load_json, load_json_at

# The first row whose word stands in a label gives the label's meaning: `Results so far:`, `##
# Draft 2`.
_LABELS: tuple[tuple[str, str], ...] = (
    ("skip", "thought thoughts action thinking denken gedanke aktion handlung assistant"),
    ("completed", "completed done finished erledigt"),
    ("remaining", "remaining left pending open unfinished outstanding"),
    ("lessons", "mistake mistakes"),
    ("reason", "reason failure surprise failed wrong why cause"),
    (
        "feedback",
        (
            "feedback critique issue issues defect defects problems "
            "errors comments verdict review suggestions violations complaints"
        ),
    ),
    (
        "rules",
        "rules rule constraints requirements format instructions wanted expected "
        "criteria rubric guidelines checklist policy policies "
        "required sections schema style audience",
    ),
    ("tools", "tools functions actions werkzeuge"),
    (
        "results",
        "result results observation observations context data evidence "
        "findings source sources documents document "
        "notes background facts fact source scratchpad history memory "
        "tickets records ergebnisse outcome outputs article passage "
        "file",
    ),
    (
        "draft",
        (
            "draft report answer text summary essay email response candidate "
            "output reply letter entwurf"
        ),
    ),
    ("plan", "plan steps todo list"),
    (
        "goal",
        (
            "goal task objective question request query mission assignment "
            "problem input aufgabe ziel frage user topic"
        ),
    ),
)
_MEANING = {word: concept for concept, row in reversed(_LABELS) for word in row.split()}
_ORDER = {concept: rank for rank, (concept, _) in enumerate(_LABELS)}
_HEAD = re.compile(
    r"^[ \t]*(?:#{1,4}[ \t]*(?P<heading>[^\n:]{2,50}):?[ \t]*$|"
    r"<(?P<tag>[a-z_]{3,24})>|(?:\*\*|[-=]{3,}[ \t]*)?"
    r"(?P<label>[^\W\d_][\w' /-]{1,40}?(?:[ \t]*\([^)\n]{1,40}\))?)(?:\*\*)?[ "
    r"\t]*(?::(?:\*\*)?|[-=]{3,}[ \t]*$))",
    re.M,
)
_CLOSING = re.compile(
    r"\n\s*\n(?=(?:return|reply|respond|give|score|revise|write|"
    r"now|please|improve|check|decide|answer|judge|is |does |"
    r"use |produce|"
    r"only|output|make|list|create|rewrite|evaluate|say|replan|extract|plan)\b)",
    re.I,
)
_ORDERING = frozenset(
    [
        "write",
        "create",
        "make",
        "give",
        "prepare",
        "produce",
        "draft",
        "send",
        "find",
        "research",
        "load",
        "analyze",
        "analyse",
        "compare",
        "count",
        "summarize",
        "summarise",
        "read",
        "do",
        "use",
        "please",
        "compute",
        "calculate",
        "extract",
        "plan",
        "build",
        "reply",
        "respond",
        "return",
        "here",
    ]
)
_LAST_ORDER = re.compile(
    (
        r"(?:return|reply|respond|answer|give|score|revise|write|"
        r"now|please|decide|judge|only|rewrite|say|replan|is|does|"
        r"do|plan|output|summari[sz]e|make)\b(?!.*:\s*\S)"
    ),
    re.I,
)
_FORMAT_CUE = re.compile(r"json|schema|format|shape|like this|exactly", re.I)
_TOOL_LINE = re.compile(
    r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*[`*]{0,2}(?P<name>[A-Za-z_]\w*)[ \t]*(?:\((?P<round>[^)\n]*)"
    r"\)|\[(?P<square>[^\]\n]*)\])[`*]{0,2}"
    r"[ \t]*(?:->[ \t]*[\w\[\], |]+?)?[ \t]*(?:[:\u2013\u2014-][ \t]*(?P<about>.*))?$",
    re.M,
)
_PLAIN_TOOL = re.compile(
    (
        r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*[`*]{0,2}(?P<name>[a-z]\w*_?\w*)[`*]{0,2}[ \t]*"
        r"[:\u2013\u2014-][ \t]+(?P<about>.+)$"
    ),
    re.M,
)
_TYPES = {
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "list": "array",
}


def sections(text: str) -> dict[str, str]:
    """Labelled parts of a prompt by meaning; what stands under no label is "".

    >>> sections("Be brief.\\nGoal: compare A and B\\nDraft:\\nA is cheap.")
    {'': 'Be brief.', 'goal': 'compare A and B', 'draft': 'A is cheap.'}
    """
    heads = _heads(text)
    found: dict[str, list[str]] = {"": [text[: heads[0][0].start()] if heads else text]}
    for index, (match, concept) in enumerate(heads):
        end = heads[index + 1][0].start() if index + 1 < len(heads) else len(text)
        body, rest = _close(concept, text[match.end() : end])
        if concept in ("completed", "remaining", "results", "skip"):
            found.setdefault(concept, []).append(body)
        else:
            found[concept] = [body]
        found[""].append(rest)
    joined = {
        concept: "\n".join(part.strip() for part in parts if part.strip())
        for concept, parts in found.items()
    }
    return {concept: body for concept, body in joined.items() if body}


def _heads(text: str) -> list[tuple[re.Match[str], str]]:
    """Labels with their meanings; headings inside a draft belong to the draft."""
    heads: list[tuple[re.Match[str], str]] = []
    for match in _HEAD.finditer(text):
        inside = bool(heads) and heads[-1][1] == "draft" and not heads[-1][0]["heading"]
        if (concept := _concept(match)) and not (
            inside
            and (
                match["heading"]
                or (concept == "draft" and not re.match(r"\W*draft", match[0], re.I))
            )
        ):
            heads.append((match, concept))
    return heads


def _concept(match: re.Match[str]) -> str:
    label = match["heading"] or match["tag"] or match["label"] or ""
    said = re.findall(r"[^\W\d_]+", label.lower())
    known = [_MEANING[word] for word in said if word in _MEANING]
    orders = (
        len(said) > 1
        and said[0] in _ORDERING
        and (said[0] != "draft" or label.split()[1] in ("the", "a", "an"))
    )
    return min(known, key=_ORDER.__getitem__) if known and not orders and len(said) <= 6 else ""


def _close(concept: str, body: str) -> tuple[str, str]:
    """A section ends where a paragraph gives an order; a goal on the label's line ends with its
    paragraph.
    """
    body = re.sub(r"</[a-z_]+>\s*$", "", body.strip()).strip()
    ends = re.compile(r"\n\s*\n") if concept in ("goal", "reason") else _CLOSING
    parts = ends.split(body, maxsplit=1)
    kept, rest = parts[0].splitlines(), parts[1:]
    while len(kept) > 1 and (_LAST_ORDER.match(kept[-1]) or kept[-1].rstrip().endswith("?")):
        rest.insert(0, kept.pop())
    return "\n".join(kept).strip(), "\n".join(rest)


def tools_in_text(prompt: str) -> list[tuple[str, str, dict[str, object]]]:
    """Tools that a prompt describes in words: name, description, parameters as JSON Schema."""
    prompt = _without_steps(prompt)
    found: dict[str, tuple[str, dict[str, object]]] = {
        match["name"]: (match["about"] or "", _parameters(match["round"] or match["square"] or ""))
        for match in _TOOL_LINE.finditer(prompt)
    }
    if not found:
        listed = sections(prompt).get("tools", "")
        found = {match["name"]: (match["about"], {}) for match in _PLAIN_TOOL.finditer(listed)}
    if not found:
        found = {name: (about, {}) for name, about in _listed_tools(prompt)}
    return [
        (name, about, parameters or _usual_parameters(name, about))
        for name, (about, parameters) in found.items()
    ]


def _without_steps(prompt: str) -> str:
    """A prompt without what it tells of steps and their results, which look like tools."""
    heads = _heads(prompt)
    ends = [match.start() for match, _ in heads[1:]] + [len(prompt)]
    for (match, concept), end in reversed(list(zip(heads, ends, strict=False))):
        if concept in ("results", "completed", "remaining"):
            prompt = prompt[: match.end()] + prompt[end:]
    return prompt


_RUN = re.compile(
    r"(?:\b[Tt]ools?\b[^:\n]{0,30}:|\b(?:can|may) (?:use|call|choose from):?)[ \t]*([^\n]+)"
)
_IN_RUN = re.compile(
    r"\b([a-z]\w*)(?:\s*\(([^)]*)\)|((?:\s+[a-z]+){1,8}))?\s*(?:,|;|\.(?=\s|$)|$| and )"
)


def _listed_tools(prompt: str) -> Iterator[tuple[str, str]]:
    """Tools in a running line: `Tools: look_up (searches the web), calculate.`"""
    for run in _RUN.findall(prompt):
        for name, about, told in _IN_RUN.findall(run):
            if "_" in name or about or not told:
                yield name, (about or told).strip()


# Parameters of tools that are only named, by the first word that names or describes them.
_USUAL: tuple[tuple[str, str], ...] = (
    (r"writ|sav|stor|note", "path: str, content: str"),
    (r"mail|send|messag", "to: str, subject: str, body: str"),
    (r"calc|arithm|math", "expression: str"),
    (r"\bsql|database|analy", "sql: str"),
    (r"read|file|open", "path: str"),
    (r"", "query: str"),
)


def _usual_parameters(name: str, about: str) -> dict[str, object]:
    return _parameters(
        next(
            usual
            for word, usual in _USUAL
            if re.search(word, f"{name} {about}".lower().replace("_", " "))
        )
    )


def _parameters(text: str) -> dict[str, object]:
    properties: dict[str, object] = {}
    for part in re.split(r",\s*(?![^\[]*\])", text):
        if match := re.match(r"\s*[<\"']?(\w+)[>\"']?\s*(?::\s*(\w+))?", part):
            properties[match[1]] = {"type": _TYPES.get(match[2] or "", "string")}
    return {"type": "object", "properties": properties, "required": list(properties)}


def find_schema(prompt: str) -> dict[str, object] | None:
    """The JSON schema that a prompt shows, or one made from the example that it shows; the last
    one counts.
    """
    example: dict[str, object] | None = None
    schema: dict[str, object] | None = None
    for place, value in _objects(prompt):
        if "parameters" in value and "name" in value:
            continue
        if isinstance(value.get("properties"), dict) or "$defs" in value:
            schema = value
        elif value and _FORMAT_CUE.search(prompt[max(0, place - 200) : place]):
            example = _schema_of(value)
    return schema or example or _schema_of_keys(prompt)


_KEYS = re.compile(
    (
        r"\bJSON\b[^.\n]{0,80}?\b(?:keys?|fields?|properties)\b:?\s+((?:(?:,? "
        r"?and |, ?)?[\"'`]?[a-z]\w*[\"'`]?(?: \([^)]*\))?)+)"
    ),
    re.I,
)


def _schema_of_keys(prompt: str) -> dict[str, object] | None:
    """A schema for keys that a prompt names in words: `JSON with the keys "name" and "age" (a
    number)`.
    """
    match = _KEYS.search(prompt)
    if not match:
        return None
    quoted = re.findall(r"[\"'`](\w+)[\"'`](?: \(([^)]*)\))?", match[1])
    named = quoted or re.findall(
        r"[\"'`]?\b([a-zA-Z]\w*)\b[\"'`]?(?: \(([^)]*)\))?(?:,| and |$|\s|\.)",
        re.sub(r",? and ", ", ", match[1]),
    )
    properties = {
        name: {"type": _TYPES.get((re.findall(r"\w+", about) or [""])[-1], "string")}
        for name, about in named
    }
    return (
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        if properties
        else None
    )


def _objects(text: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Each outermost JSON object that stands in `text`, with its place."""
    place = text.find("{")
    while place >= 0:
        try:
            value, end = load_json_at(text, place)
        except ValueError:
            end = place + 1
        else:
            if isinstance(value, dict):
                yield place, value
        place = text.find("{", end)


def _schema_of(value: object) -> dict[str, object]:
    """The strictest plain schema that an example meets."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {key: _schema_of(part) for key, part in value.items()},
            "required": list(value),
            "additionalProperties": False,
        }
    if isinstance(value, list):
        return (
            {"type": "array", "items": _schema_of(value[0])}
            if value
            else {"type": "array", "items": {"type": "string"}}
        )
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"))
    kind = next((name for python, name in kinds if isinstance(value, python)), "string")
    choices = (
        value.split("|")
        if isinstance(value, str) and re.fullmatch(r"[\w-]+(?:\s*\|\s*[\w-]+)+", value)
        else []
    )
    said = {"description": value} if isinstance(value, str) and not choices else {}
    return {
        "type": kind,
        **said,
        **({"enum": [choice.strip() for choice in choices]} if choices else {}),
    }


@dataclass(frozen=True)
class Protocol:
    """A text form of calling tools, with the labels and the call syntax that the prompt shows."""

    thought: str
    action: str
    given: str  # the label of the arguments; "" when they stand in the call
    observation: str
    final: str
    style: str  # "square", "round", "object", "arrow", "json", "input"
    finish: str = ""  # the pretended tool that ends the run, such as Finish[answer]
    keys: tuple[str, str] = ("tool", "arguments")  # of an action in JSON
    plain: bool = False  # the input is a bare string where a tool has one parameter

    def call(self, thought: str, tool: str, arguments: Mapping[str, object]) -> str:
        """The text that asks for a call."""
        lead = f"{self.thought}: {thought}\n" if self.thought else ""
        return f"{lead}{self.action}: {self._rendered(tool, arguments)}"

    def end(self, thought: str, answer: str) -> str:
        """The text that ends the run with `answer`."""
        lead = f"{self.thought}: {thought}\n" if self.thought else ""
        if self.finish and not self.final:
            return f"{lead}{self.action}: {self._rendered(self.finish, {'answer': answer})}"
        return f"{lead}{self.final}: {answer}"

    def steps(self, text: str) -> list[tuple[str, dict[str, object], str]]:
        """Calls that were made and what each brought: tool, arguments, observation."""
        stops = "|".join(
            re.escape(label) for label in (self.thought, self.action, self.final) if label
        )
        form = (
            rf"^\W*{re.escape(self.action)}\W*?:\s*(.+?)\n+"
            rf"\W*{re.escape(self.observation)}[^:\n]*:[ \t]*(.*?)(?=\n\W*(?:{stops})[ \d]*:|\Z)"
        )
        made = re.findall(form, text, re.S | re.M | re.I) if self.observation else []
        return [(*self._parse(call.strip()), seen.strip()) for call, seen in made]

    def _rendered(self, tool: str, arguments: Mapping[str, object]) -> str:
        plain = ", ".join(
            value
            if isinstance(value, str) and len(arguments) == 1 and self.style == "square"
            else json.dumps(value)
            for value in arguments.values()
        )
        only = next(iter(arguments.values()), "")
        bare = str(only) if self.plain and len(arguments) == 1 else ""
        named = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        forms = {
            "square": f"{tool}[{plain}]",
            "round": f"{tool}({named})",
            "arrow": f"{tool} -> {only if len(arguments) == 1 else json.dumps(dict(arguments))}",
            "object": f"{tool}({json.dumps(dict(arguments))})",
            "json": json.dumps(
                {
                    self.keys[0]: tool,
                    self.keys[1]: only if self.plain and len(arguments) == 1 else dict(arguments),
                }
            ),
            "input": f"{tool}\n{self.given}: {bare or json.dumps(dict(arguments))}",
        }
        return forms[self.style]

    def _parse(self, call: str) -> tuple[str, dict[str, object]]:
        if self.style == "input":
            tool, _, given = call.partition("\n")
            return tool.strip(), _arguments(given.partition(":")[2].strip())
        if self.style == "json":
            value = _arguments(call)
            inside = value.get(self.keys[1]) or {}
            return str(value.get(self.keys[0]) or ""), inside if isinstance(inside, dict) else {
                "input": inside
            }
        if self.style == "arrow":
            tool, _, given = call.partition("->")
            return tool.strip(), _arguments(given.strip())
        match = re.match(r"(\w+)\s*[\[(](.*)[\])]\s*$", call, re.S)
        return (match[1], _arguments(match[2])) if match else (call.split()[0] if call else "", {})


def _arguments(text: str) -> dict[str, object]:
    try:
        value = load_json(text)
    except ValueError:
        named = re.findall(r"(\w+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^,]+)", text)
        return {name: _arguments(part).get("input", part) for name, part in named} or {
            "input": text.strip().strip("\"'")
        }
    return value if isinstance(value, dict) else {"input": value}


_PROTOCOL_LABELS: tuple[tuple[str, str], ...] = (
    (
        "given",
        (
            r"(?:action|tool|call) (?:input|arguments|args|parameters)|"
            r"arguments|aktionseingabe|eingabe"
        ),
    ),
    (
        "final",
        (
            r"final[ _](?:answer|result|report|response)|answer|final|"
            r"finish|done|endantwort|schlussantwort|antwort|ergebnisantwort|"
            r"conclusion"
        ),
    ),
    (
        "observation",
        (
            r"observations?|obs|results?|tool (?:result|output)|output|"
            r"seen|saw|see|got|world|returned|response|feedback|beobachtung|ergebnis"
        ),
    ),
    ("action", r"action|act|tool call|call|do|aktion|handlung|tool"),
    (
        "thought",
        r"thoughts?|idea|thinking|think|reasoning|reason|reflection|plan|gedanke|denken|überlegung",
    ),
)


def find_protocol(prompt: str) -> Protocol | None:
    """The Thought/Action/Observation protocol that a prompt asks for, if it asks for one."""
    found: dict[str, str] = {}
    for match in re.finditer(
        r"(?:^|[\s`\"'(/,*])([^\W\d_]+(?:[ _][^\W\d_]+)?)(?: ?\d+| ?[Nn])?(?:\*\*)?\s*:", prompt
    ):
        for label in (match[1], match[1].split()[-1]):
            concept = next(
                (
                    concept
                    for concept, words in _PROTOCOL_LABELS
                    if re.fullmatch(words, label, re.I)
                ),
                "",
            )
            if concept and label[0].isupper():
                found.setdefault(concept, label)
                break
    described = _described(prompt)
    found = {**described, **found} if "action" in found else {**found, **described}
    ended = re.search(r"\b(finish|final_answer|submit|answer|done)\s*[\[(]", prompt, re.I)
    if "action" not in found or not ("observation" in found or "final" in found or ended):
        return None
    if "thought" not in found and "observation" not in found:
        return None
    style, example = _style(prompt, found), _action_example(prompt, found["action"])
    first, second, *_ = (
        [*example, "tool", "arguments"] if len(example) >= 2 else ["tool", "arguments"]
    )
    plain = (
        isinstance(list(example.values())[1], str)
        if len(example) >= 2
        else style == "input" and not re.search(r"JSON", prompt)
    )
    finish = ended[1] if ended else ""
    final = (
        ""
        if finish and not re.search(r"final", found.get("final", ""), re.I)
        else found.get("final", "Final Answer")
    )
    return Protocol(
        found.get("thought", ""),
        found["action"],
        found.get("given", ""),
        found.get("observation", "Observation"),
        final,
        style,
        finish,
        (first, second),
        plain,
    )


# What a prompt says behind a label of a protocol, whatever the label is.
_SAID_OF: tuple[tuple[str, str], ...] = (
    ("given", r"\b(?:arguments?|parameters|inputs?|args)\b"),
    ("action", r"\b(?:tool|function)(?![a-z])"),
    (
        "observation",
        r"\b(?:returned|gave back|gives back|came back|comes back|result|outcome|says)\b",
    ),
    ("final", r"\b(?:answer|solution)\b"),
    ("thought", r"\b(?:you think|thoughts?|reasons?|reasoning|why|what you)\b"),
)
_ADDED = re.compile(
    r"(?<=[a-z,] )[`'\"“]?([A-Z]\w+)(?::[`'\"”]?|:?[`'\"”]?(?: line)?,? "
    r"(?:will be|is|comes|gets) (?:added|given|appended|shown|returned|filled|then))"
)


def _described(prompt: str) -> dict[str, str]:
    """The labels of a protocol by what stands behind them: `Press: the name of one tool`."""
    found: dict[str, str] = {}
    for label, about in re.findall(
        r"^[ \t>*`-]*([A-Z]\w+(?: \w+)?)\W{0,2}:[ \t]*(\S[^\n]*)$", prompt, re.M
    ):
        said = {c: at.start() for c, row in _SAID_OF if (at := re.search(row, about, re.I))}
        concept = (
            "observation" if "observation" in said else min(said, key=said.__getitem__, default="")
        )
        if concept and len(about.split()) <= 14:
            found.setdefault(concept, label)
    if not {"action", "final"} <= set(found):
        return {}
    taken = " ".join(found.values()).split()
    added = [match[1] for match in _ADDED.finditer(prompt) if match[1] not in taken]
    if added:
        found.setdefault("observation", added[0])
    return found


def _action_example(prompt: str, action: str) -> dict[str, object]:
    """The JSON object that stands behind the action's label in the prompt's example."""
    for match in re.finditer(rf"{re.escape(action)}\W{{0,3}}:\s*(\{{.*\}})", prompt):
        if isinstance(value := _loaded(match[1]), dict):
            return value
    return {}


def _loaded(text: str) -> object:
    try:
        return load_json(text)
    except ValueError:
        return None


def _style(prompt: str, found: Mapping[str, str]) -> str:
    shown = re.findall(rf"{re.escape(found['action'])}(?: ?\d+)?\W{{0,3}}:[ *`]*([^\n]*)", prompt)
    if "given" in found:
        return "input"
    for line in shown:
        if line.startswith(("{", '"')) or re.search(r"\bJSON\b", line):
            return "json"
        if re.match(r"[<{]?[\w ]+[>}]?\s*(?:->|=>|→)", line):
            return "arrow"
        if re.match(r"[<{]?[\w ]+[>}]?\s*\(\s*\{", line):
            return "object"
        if found_sign := re.match(r"[<{]?[\w ]+[>}]?\s*([\[(])", line):
            return "square" if found_sign[1] == "[" else "round"
    return "round"

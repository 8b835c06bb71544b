"""A class for the journal, whose records have an end mark; sqlite3 behind the receiver."""

import asyncio
import hashlib
import json
import sqlite3
from dataclasses import dataclass, field

QUESTIONS = ("journal", "keys", "approval")

START, STOP = "\x02", "\x03"


@dataclass
class MailJournal:
    stored: str
    append: object
    facts: dict = field(default_factory=dict)

    def __post_init__(self):
        for piece in self.stored.split(START):
            body, stop, _ = piece.partition(STOP)
            if stop:
                kind, id, value = json.loads(body)
                self.facts[kind, id] = value

    def note(self, kind, id, value):
        self.append(START + json.dumps((kind, id, value)) + STOP)
        self.facts[kind, id] = value
        return value


async def send_mails(steps, stored, append, write, send):
    journal = MailJournal(stored, append)

    async def one(id):
        if ("got", id) in journal.facts:
            return journal.facts["got", id]
        if ("wrote", id) not in journal.facts:
            journal.note("wrote", id, await write(id))
        return journal.note("got", id, await send(id, journal.facts["wrote", id]))

    return {id: await one(id) for id in steps}


def step_keys(run, plan):
    steps = {step["id"]: step for step in plan["steps"]}

    def depth(id):
        return 1 + max(map(depth, steps[id]["needs"]), default=0)

    def all_behind(id, found):
        for need in steps[id]["needs"]:
            if need not in found:
                found.add(need)
                all_behind(need, found)
        return found

    def asked(id):
        return [id, steps[id]["tool"], steps[id]["arguments"], sorted(steps[id]["needs"])]

    keys = {}
    for id in steps:
        everything = [run, asked(id), [asked(one) for one in sorted(all_behind(id, set()))]]
        keys[id] = hashlib.sha3_256(json.dumps(everything, sort_keys=True).encode()).hexdigest()
    return keys


def make_receiver(deliver):
    database, turn = sqlite3.connect(":memory:"), asyncio.Semaphore(1)
    database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, request TEXT, receipt TEXT)")

    async def receive(key, request):
        async with turn:
            asked = json.dumps(request, sort_keys=True)
            query = "SELECT request, receipt FROM seen WHERE key = ?"
            row = database.execute(query, (key,)).fetchone()
            if row is None:
                receipt = await deliver(request)
                row = asked, json.dumps(receipt)
                database.execute("INSERT INTO seen VALUES (?, ?, ?)", (key, *row))
            if row[0] != asked:
                raise ValueError(f"{key} is taken")
            return json.loads(row[1])

    return receive


def approve(append, call, version):
    append({"open": True, "call": call, "version": version})


async def pay_once(events, append, call, version, pay):
    mine = [e["open"] for e in events if (e["call"], e["version"]) == (call, version)]
    if not mine or not mine[-1]:
        return None
    append({"open": False, "call": call, "version": version})
    return await pay(call["arguments"])

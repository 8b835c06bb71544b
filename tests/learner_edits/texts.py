"""Texts that are read, extracted from, ranked, classified and summarised."""

import datetime
import json
import re
from typing import Literal

from pydantic import BaseModel

from learner_edits.common import (
    FACTS,
    PRICES,
    ask,
    fill,
    names_prices,
    numbers,
)
from planlab.model import Model


async def edit_json_only_in_the_prompt(model: Model) -> None:
    """No schema is sent: the prompt alone asks for JSON."""
    prompt = (
        f"{FACTS}\nAnswer only with JSON, without a code fence: an object with the keys "
        '"company" (a string) and "price" (a number), for the cheapest company.'
    )
    assert json.loads(await ask(model, prompt)) == {"company": "Initech", "price": 35.5}


async def edit_json_object_mode(model: Model) -> None:
    """The client's own json_object mode, with keys of the learner's choice."""
    made = await model.client.chat.completions.create(
        model=model.name,
        messages=[
            {"role": "system", "content": "Answer as JSON with the keys vendor and monthly_fee."},
            {"role": "user", "content": "Globex charges $49 a month."},
        ],
        response_format={"type": "json_object"},
    )
    answer = json.loads(made.choices[0].message.content or "")
    assert answer.keys() == {"vendor", "monthly_fee"}, answer
    assert answer["vendor"] == "Globex", answer
    assert numbers(str(answer["monthly_fee"])) == [49], answer


async def edit_extract_an_invoice(model: Model) -> None:
    """A text becomes a Pydantic model with a date and a number."""

    class Invoice(BaseModel):
        invoice_number: str
        vendor: str
        due_date: datetime.date
        total: float

    text = "Invoice number: INV-2044. Vendor: Hooli GmbH. Total: $1,249.50. Due date: 03.12.2024."
    invoice = await fill(model, f"Extract the invoice from this text.\n{text}", Invoice)
    assert invoice == Invoice(
        invoice_number="INV-2044",
        vendor="Hooli GmbH",
        due_date=datetime.date(2024, 12, 3),
        total=1249.5,
    ), invoice


async def edit_extract_what_is_not_there(model: Model) -> None:
    """A value that the text does not have must stay empty."""

    class Contact(BaseModel):
        company: str
        email: str | None
        phone: str | None

    text = "Write to Umbrella at hello@umbrella.example with any question."
    contact = await fill(model, f"Extract the contact.\n\nText: {text}", Contact)
    assert contact == Contact(company="Umbrella", email="hello@umbrella.example", phone=None), (
        contact
    )


async def edit_extract_a_list(model: Model) -> None:
    """A text becomes a list of records with other field names."""

    class Offer(BaseModel):
        vendor: str
        monthly_usd: float

    class Offers(BaseModel):
        offers: list[Offer]

    offers = (await fill(model, f"Extract all offers.\n{FACTS}", Offers)).offers
    assert {offer.vendor: offer.monthly_usd for offer in offers} == PRICES, offers
    assert len(offers) == 3


async def edit_rank_by_price(model: Model) -> None:
    """The order asked for is not the order of the text."""

    class Ranking(BaseModel):
        companies: list[str]

    ranking = await fill(model, f"{FACTS}\nRank the companies from cheapest to dearest.", Ranking)
    assert ranking.companies == ["Initech", "Globex", "Umbrella"]


async def edit_yes_or_no_as_a_field(model: Model) -> None:
    """A question about a text, answered by a boolean."""

    class Answer(BaseModel):
        answer: bool

    for question, truth in (
        ("Is Globex cheaper than Initech?", False),
        ("Is Globex cheaper than Umbrella?", True),
    ):
        assert (await fill(model, f"{FACTS}\n{question}", Answer)).answer is truth, question


async def edit_yes_or_no_as_text(model: Model) -> None:
    """A question about a text, answered by one word."""
    for text, word in (("The door is locked.", "yes"), ("The window is open.", "no")):
        prompt = f"Text: {text}\nDoes the text mention a door? Answer yes or no only."
        assert (await ask(model, prompt)).casefold().strip(" .") == word, text


async def edit_classify_tickets(model: Model) -> None:
    """Four tickets, four labels of the learner's choice."""

    class Label(BaseModel):
        label: Literal["billing", "login", "delivery", "other"]

    for text, label in (
        ("I cannot log in, my login code never comes.", "login"),
        ("The billing address on my invoice is wrong, please correct the billing.", "billing"),
        ("When is the delivery of my parcel?", "delivery"),
        ("I just want to say that your garden is beautiful.", "other"),
    ):
        filled = await fill(model, f"Classify this ticket: {text}", Label)
        assert filled.label == label, text


async def edit_summary_with_a_limit(model: Model) -> None:
    """A summary in at most 12 words."""
    text = (
        "Globex, a maker of cooling systems, opened a second plant in Lyon on Monday. "
        "The plant will employ 300 people. The mayor held a speech, and a band played."
    )
    summary = await ask(model, f"Summarise this text in at most 12 words.\n\n{text}")
    assert 3 <= len(summary.split()) <= 12, summary
    assert "Globex" in summary or "plant" in summary, summary


async def edit_report_with_named_sections(model: Model) -> None:
    """A report with the learner's own section titles, from given facts."""
    prompt = f"Facts: {FACTS}\nWrite a report with the sections '## Findings' and '## Next steps'."
    report = await ask(model, prompt)
    assert re.search(r"^## Findings\n.*^## Next steps\n.*\w", report, re.M | re.S), report
    assert "write a report" not in report.casefold(), report
    assert names_prices(report), report
    gaps = {abs(a - b) for a in PRICES.values() for b in PRICES.values()}
    assert set(numbers(report)) <= {*PRICES.values(), *gaps, 1.0, 2.0, 3.0}, report

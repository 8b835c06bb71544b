"""A mail, and its form as a text file."""

import re
from dataclasses import dataclass

from planlab.errors import BadArguments
from planlab.world.files import check_text

_ADDRESS = re.compile(r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


@dataclass(frozen=True)
class Mail:
    """What goes, or went, to one address."""

    to: str
    subject: str
    body: str

    def check(self) -> None:
        """Raises `BadArguments` for what no mail server would take."""
        if len(self.to) > 254 or not _ADDRESS.fullmatch(self.to):
            raise BadArguments(
                f"{self.to[:80]!r} is not one plain address, such as office@lumen-books.example."
            )
        check_text("subject", self.subject, 200, lines=False)
        check_text("body", self.body, 20_000)

    @property
    def text(self) -> str:
        """As it stands in a file."""
        return f"To: {self.to}\nSubject: {self.subject}\n\n{self.body}"

    def file_name(self, number: int) -> str:
        """Such as `003-weekly-report.txt`."""
        words = re.sub(r"[^a-z0-9]+", "-", self.subject.lower())[:40].strip("-")
        return f"{number:03}-{words or 'mail'}.txt"


def parse_mail(text: str) -> Mail:
    """The mail that `Mail.text` wrote."""
    head, _, body = text.partition("\n\n")
    to, _, subject = head.partition("\n")
    return Mail(to.removeprefix("To: "), subject.removeprefix("Subject: "), body)

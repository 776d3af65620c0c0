"""What became of one record in a dry run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pipeline.core.decode import data_of
from pipeline.core.encode import cloudevent
from pipeline.errors import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import DeadLetter, Event, Record, Want

type Kind = Literal["delivered", "dropped", "dead-lettered", "retried"]

# Of data that are no event, this much is shown.
MAX_DATA_CHARACTERS = 1000


class Was(NamedTuple):
    """Why it was a dead letter when it was processed."""

    reason: str
    stage: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One record, and what would become of it.

    Args:
        file: the input it is in, as a person calls it.
        line: its number there, from 1.
        record: the user record, where there are any.
        before: the event as it was decoded; None where it could not be.
        after: what is delivered of it: none, one or several events.
        letter: the dead letter that it became.
        by: the transform or destination that dropped or rejected it.
        waits_for: the facts that are out of reach, for which it would be delivered again.
        user_record: its number in the record that it came in, from 0; None where it came alone.
        was: why it was a dead letter before.
    """

    file: str
    line: int
    record: Record
    before: Event | None
    after: Sequence[Event] = ()
    letter: DeadLetter | None = None
    by: str | None = None
    waits_for: Sequence[Want] = ()
    user_record: int | None = None
    was: Was | None = None

    @property
    def kind(self) -> Kind:
        """In which of the ledger's places it ends."""
        if self.letter is not None:
            return "dead-lettered"
        if self.waits_for:
            return "retried"
        return "delivered" if self.after else "dropped"

    @property
    def place(self) -> str:
        """`file:line`, and the number of a user record."""
        number = "" if self.user_record is None else f"#{self.user_record}"
        return f"{self.file}:{self.line}{number}"

    @property
    def data(self) -> str:
        """The beginning of what was in the record, as text."""
        try:
            data = data_of(self.record)
        except Rejection:
            original = self.record.original
            return repr(original.get("kinesis") or original.get("dynamodb"))[:MAX_DATA_CHARACTERS]
        return data[:MAX_DATA_CHARACTERS].decode(errors="backslashreplace")

    def as_json(self) -> dict[str, Any]:
        """As a line of NDJSON: CloudEvents before and after, and `data` in place of what could not be decoded."""
        made: dict[str, Any] = {"file": self.file, "line": self.line}
        if self.user_record is not None:
            made["user_record"] = self.user_record
        if self.was is not None:
            made["was"] = self.was._asdict()
        made["outcome"] = self.kind
        if self.by is not None:
            made["by"] = self.by
        if self.letter is not None:
            letter = self.letter
            made["dead_letter"] = {"reason": letter.reason, "stage": letter.stage, "detail": letter.detail}
        if self.waits_for:
            made["waits_for"] = [each._asdict() for each in self.waits_for]
        made["before"] = None if self.before is None else cloudevent(self.before)
        if self.before is None:
            made["data"] = self.data
        made["after"] = [cloudevent(each) for each in self.after]
        return made

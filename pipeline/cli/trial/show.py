"""What became of a record: on a terminal as a diff, else one JSON object a line."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Console

from pipeline.cli.display import event_line, safe_json, styled
from pipeline.cli.trial.changes import Absent, changes
from pipeline.core.encode import cloudevent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

    from pipeline.cli.trial.changes import Change
    from pipeline.cli.trial.outcome import Outcome
    from pipeline.model import DeadLetter, Event, Json

STYLES: Final = {"delivered": "green", "dropped": "yellow", "dead-lettered": "bold magenta", "retried": "bold blue"}
# Of what two long texts have in common at their beginning, so much is shown: what differs must not be cut off.
_COMMON_CHARACTERS: Final = 20


@dataclass
class Show:
    """Shows outcomes on stdout. `as_json` None: by whether it is a terminal."""

    as_json: bool | None = None
    console: Console = field(default_factory=lambda: Console(file=sys.stdout, highlight=False))

    @property
    def is_json(self) -> bool:
        """Whether it is read by a program."""
        return not self.console.is_terminal if self.as_json is None else self.as_json

    def outcome(self, outcome: Outcome) -> None:
        """One record. Raises BrokenPipeError when nobody reads any more."""
        if self.is_json:
            self.json(outcome.as_json())
        else:
            self.lines(lines(outcome))

    def json(self, value: object) -> None:
        """One JSON object on a line."""
        self.console.file.write(f"{safe_json(value)}\n")

    def lines(self, texts: Iterable[Text], *, is_whole: bool = False) -> None:
        """Lines, each cut to the width of the terminal, or whole."""
        for text in texts:
            self.console.print(text, no_wrap=True, overflow="ignore" if is_whole else "ellipsis", crop=not is_whole)

    def flush(self) -> None:
        """See to it that what was shown is seen. Raises BrokenPipeError."""
        self.console.file.flush()


def lines(outcome: Outcome) -> Iterator[Text]:
    """What it was, what became of it, and what differs."""
    yield from heading(outcome)
    before = outcome.before
    for number, after in enumerate(outcome.after, 1):
        if len(outcome.after) > 1:
            yield styled((f"  {number}/{len(outcome.after)} ", "bold"), (after.id, "blue"))
        if before is not None:
            yield from event_changes(before, after)
    if outcome.letter is not None:
        yield letter_line(outcome.letter)


def heading(outcome: Outcome) -> Iterator[Text]:
    """Where it is, in which place of the ledger it ends, and what it was."""
    end: str = outcome.kind
    if len(outcome.after) > 1:
        end += f" as {len(outcome.after)} events"
    if outcome.by is not None:
        end += f" by {outcome.by}"
    yield styled((f"{outcome.place} ", "bold"), (end, STYLES[outcome.kind]))
    for kind, name, key in outcome.waits_for:
        yield styled((f"  waits for {kind} {name} ", "blue"), (key, ""))
    if outcome.was is not None:
        reason, stage, detail = outcome.was
        yield styled((f"  was dead-lettered: {reason} at {stage} {detail}", "dim"))
    if outcome.before is None:
        yield styled(("  ", ""), (outcome.data, "dim"))
    else:
        yield indented(event_line(cloudevent(outcome.before)))


def event_changes(before: Event, after: Event, indent: str = "  ") -> Iterator[Text]:
    """What differs between two events; that nothing does is said, too."""
    found = list(changes(cloudevent(before), cloudevent(after)))
    if not found:
        yield styled((f"{indent}unchanged", "dim"))
    for each in found:
        yield from _change_lines(each, indent)


def letter_line(letter: DeadLetter, indent: str = "  ") -> Text:
    """Why it can never succeed."""
    return styled((f"{indent}{letter.reason}", "magenta"), (f" at {letter.stage} ", "dim"), (letter.detail, ""))


def indented(text: Text) -> Text:
    """The line, a bit to the right."""
    text.pad_left(2)
    return text


def _change_lines(change: Change, indent: str) -> Iterator[Text]:
    before, after = _without_common(change)
    for sign, style, side in (("-", "red", before), ("+", "green", after)):
        if side is not None:
            yield styled((f"{indent}{sign} {change.pointer} ", style), (side, style))


def _without_common(change: Change) -> Sequence[str | None]:
    """Both sides as JSON; where they are alike for long, from shortly before they differ."""
    before, after = _text(change.before), _text(change.after)
    if before is None or after is None:
        return before, after
    alike = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    if alike <= 2 * _COMMON_CHARACTERS:
        return before, after
    start = alike - _COMMON_CHARACTERS
    return f"…{before[start:]}", f"…{after[start:]}"


def _text(side: Json | Absent) -> str | None:
    return None if isinstance(side, Absent) else safe_json(side)

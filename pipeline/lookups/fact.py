"""One fact of an event: what it is looked up by, where it is put, and what happens when there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, cast

from msgspec.structs import replace

from pipeline.errors import Rejection, Retryable
from pipeline.model import Reason, Unavailable, Want
from pipeline.transforms.path import MISSING, compiled, kind, unfit
from pipeline.transforms.setting import check_json, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Event, Facts, Json
    from pipeline.transforms.path import Path

# DynamoDB developer guide, "Constraints": a sort key has at most 1,024 bytes. Nothing longer has a row.
MAX_KEY_BYTES: Final = 1024
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")


@dataclass(frozen=True, slots=True)
class Default:
    """A value in place of a fact that there is not."""

    value: Json


type Missing = Literal["leave", "reject"] | Default


def default(value: Json) -> Default:
    """The value is taken where there is no such fact."""
    check_json("the default", value)
    return Default(value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact is put: as the value of a field; or, `spread`, its fields beside those that are in an object there.

    Args:
        mark: the field for what could not be looked up, of a fact that is spread.
    """

    path: Path
    mark: str | None = None

    def put(self, data: dict[str, Json], fact: Json) -> dict[str, Json]:
        """The data with the fact. Raises Rejection where something is in the way."""
        if self.mark is None or not isinstance(fact, dict):
            return self.path.put(data, fact)
        there = self.path.get(data)
        return self.path.put(data, {**there, **fact} if isinstance(there, dict) else fact)

    def put_mark(self, data: dict[str, Json], name: str) -> dict[str, Json]:
        """The data with the mark that the fact was out of reach."""
        return self.put(data, {self.mark or "unavailable": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Enrichment: one fact of one kind.

    Args:
        key_of: what an event is looked up by: None for nothing; a text that can have no fact is empty.
    """

    kind: str
    name: str
    key_of: Callable[[Event], str | None]
    place: Place
    is_optional: bool = False
    missing: Missing = "leave"
    is_keyless: bool = field(default=False)

    def wants(self, event: Event) -> Sequence[Want]:
        """The fact, where the event has something to look it up by."""
        key = self.key_of(event)
        return (Want(self.kind, self.name, key),) if key or (self.is_keyless and key is not None) else ()

    def enrich(self, event: Event, facts: Facts) -> Event:
        """The event with its fact, or what is to be done without. Raises Retryable or Rejection."""
        key = self.key_of(event)
        if key is None:
            return event
        fact = facts.get(Want(self.kind, self.name, key))
        if isinstance(fact, Unavailable):
            if not self.is_optional:
                raise Retryable(f"{self.kind} {self.name}: {fact.detail}")
            return replace(event, data=self.place.put_mark(event.data, self.name or self.kind))
        if fact is None:
            return self._without(event)
        return replace(event, data=self.place.put(event.data, cast("Json", fact)))

    def _without(self, event: Event) -> Event:
        if isinstance(self.missing, Default):
            return replace(event, data=self.place.put(event.data, self.missing.value))
        if self.missing == "reject":
            raise Rejection(Reason.REJECTED_BY_TRANSFORM, f"{self.kind} {self.name}: there is no such fact")
        return event


def text_at(pointer: str) -> Callable[[Event], str | None]:
    """What is looked up by: the text or whole number of a field. Of anything else it raises Rejection."""
    path = compiled(pointer)

    def key_of(event: Event) -> str | None:
        value = path.get(event.data)
        if value is MISSING or value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise unfit(path, f"it is {kind(value)}, and what is looked up by is text or a whole number")
        key = str(value)
        if len(key) <= MAX_KEY_BYTES // 4:  # no character has more than four bytes
            return key
        return key if len(key.encode(errors="surrogatepass")) <= MAX_KEY_BYTES else ""

    return key_of


def check_name(what: str, name: object) -> None:
    """Raise WrongDeclaration unless it can be the name of a table or of an object."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise wrong(f"{what} is {str(name)[:200]!r}; set it to 1 to 128 of A-Z, a-z, 0-9, ., _, - and /")


def check_missing(missing: object, *, optional: object) -> None:
    """Raise WrongDeclaration unless both settings are ones that there are."""
    if not isinstance(missing, Default) and missing not in {"leave", "reject"}:
        raise wrong(f'missing is {missing!r}; set it to "leave", "reject" or default(…)')
    if not isinstance(optional, bool):
        raise wrong(f"optional is {optional!r}; set it to True or False")

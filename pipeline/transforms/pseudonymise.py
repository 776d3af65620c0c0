"""Values → pseudonyms: the same for the same value, and nobody without the key finds out which it was.

    <key id>:<43 characters>         HMAC-SHA-256 (RFC 2104) of scope and value, in base64 for URLs (RFC 4648)

The key id says which key it was, so that pseudonyms of before and after a rotation are not taken for different people
without notice. Which key is used is told by the event's own time, never by the clock: a record that is delivered again,
or replayed after a rotation, has the same pseudonym as before.

Keys are bytes of at least 32. They are in no repr, no error and no event.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from datetime import datetime
from hmac import digest
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.errors import Rejection
from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, compiled, kind, unfit
from pipeline.transforms.setting import wrong
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform

# RFC 2104, section 3: less than the length of the hash is "strongly discouraged".
MIN_KEY_BYTES: Final = 32
_KEY_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,32}", re.ASCII)


def pseudonymise(
    *pointers: str, keys: Mapping[str, bytes], since: Mapping[str, str] | None = None, scope: str = ""
) -> Transform:
    """Fields become pseudonyms of them; those of another `scope` cannot be compared with these.

    Raises Rejection for a list or an object; with several keys, time_invalid for an event without a time.

    Args:
        pointers: the fields; text, numbers and booleans.
        keys: the key of each key id.
        since: the time, RFC 3339, from which each key is used; one key, the first, has none.
        scope: what the pseudonyms are for.

    >>> after(pseudonymise("/user", keys={"k1": bytes(32)}), {"user": "ada"})
    [{'user': 'k1:46eESKAunlAV79pqMS5MTV0olRWopz1z8--m3cy7F5Y'}]
    """
    paths = [compiled(pointer) for pointer in pointers]
    if not paths:
        raise wrong("no field is named; name those to pseudonymise")
    schedule = _schedule(keys, since or {})

    def transform(event: Event) -> Sequence[Event]:
        data = event.data
        for path in paths:
            value = path.get(data)
            if value is MISSING or value is None:
                continue
            if isinstance(value, list | dict):
                raise unfit(path, f"it is {kind(value)}, and a pseudonym is of text or a number")
            key_id = schedule[0][1] if len(schedule) == 1 else _key_id(event, schedule)
            data = path.put(data, pseudonym(value, key_id, keys[key_id], scope))
        return with_data(event, data)

    return transform


def pseudonym(value: Json, key_id: str, key: bytes, scope: str = "") -> str:
    """The pseudonym of one value; that of the text "1" is another than that of the number 1."""
    keyed = digest(key, orjson.dumps([scope, value]), "sha256")
    return f"{key_id}:{urlsafe_b64encode(keyed).rstrip(b'=').decode()}"


def _key_id(event: Event, schedule: Sequence[tuple[datetime, str]]) -> str:
    moment = datetime.fromisoformat(utc(event.time))
    return next((key_id for since, key_id in reversed(schedule) if since <= moment), schedule[0][1])


def _schedule(keys: Mapping[str, bytes], since: Mapping[str, str]) -> list[tuple[datetime, str]]:
    """The key ids, each with the time from which it is used, in order."""
    for key_id, key in keys.items():
        if not _KEY_ID.fullmatch(key_id):
            raise wrong(f"key id {key_id[:32]!r} is none; write 1 to 32 of A-Z, a-z, 0-9, _ and -")
        if type(key) is not bytes or len(key) < MIN_KEY_BYTES:
            raise wrong(f"the key {key_id!r} is too short, or no bytes; give it {MIN_KEY_BYTES} random bytes or more")
    if unknown := sorted(since.keys() - keys.keys()):
        raise wrong(f"since has {unknown[0][:32]!r}, of which there is no key; add the key")
    if len(keys) - len(since) != 1:
        raise wrong("one key, the first, is used from the beginning; set `since` of each other key and not of that")
    first = datetime.fromisoformat("0001-01-01T00:00:00Z")
    schedule = sorted((_moment(since[key_id]) if key_id in since else first, key_id) for key_id in keys)
    if len({moment for moment, _ in schedule}) < len(schedule):
        raise wrong("two keys are used since the same time; set different times")
    return schedule


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(utc(text))
    except Rejection:
        raise wrong(f"since has {text[:64]!r}; write RFC 3339, such as 2026-12-01T00:00:00Z") from None

"""Pseudonyms whose keys lie in Secrets Manager or SSM, so that a rotation needs no deploy.

    keys="pseudonyms"         the secret `<stack>/pseudonyms` of Secrets Manager
    keys="ssm:pseudonyms"   the parameter `/<stack>/pseudonyms` of SSM, a SecureString

    {"keys": {"k1": "<base64>", "k2": "<base64>"}, "since": {"k2": "2026-12-01T00:00:00Z"}}

Keys and `since` are those of `transforms.pseudonymise`. Rotate early: put the new key with a `since` that is further
ahead than a fact may be old. No lookup of keys is optional: what cannot be pseudonymised now waits.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final

import orjson

from pipeline.errors import InputError, Retryable, WrongDeclaration
from pipeline.lookups.fact import check_name
from pipeline.model import Secret, Unavailable, Want
from pipeline.transforms.path import MISSING, compiled
from pipeline.transforms.pseudonymise import MIN_KEY_BYTES, pseudonymise
from pipeline.transforms.setting import wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Facts, Json
    from pipeline.ports import Enrichment, Transform
    from pipeline.transforms.path import Path

KIND: Final = "secret"
PARAMETER: Final = "ssm:"
_MOST_MADE: Final = 64


def pseudonymised(*pointers: str, keys: str, scope: str = "") -> Enrichment:
    """Fields become pseudonyms of them, by the keys of that name; see `transforms.pseudonymise`.

    >>> fact = keys_in('{"keys": {"k1": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}')
    >>> enriched(pseudonymised("/user", keys="pseudonyms"), {"user": "ada"}, fact)
    {'user': 'k1:46eESKAunlAV79pqMS5MTV0olRWopz1z8--m3cy7F5Y'}
    """
    check_name("keys", str(keys).removeprefix(PARAMETER))
    if not pointers:
        raise wrong("no field is named; name those to pseudonymise")
    return Pseudonyms(keys, tuple(map(compiled, pointers)), scope)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Enrichment: fields that are pseudonymised with the keys that it wants."""

    name: str
    paths: tuple[Path, ...]
    scope: str
    kind: ClassVar[str] = KIND

    def wants(self, event: Event) -> Sequence[Want]:
        """The keys, where the event has anything to pseudonymise."""
        values = (path.get(event.data) for path in self.paths)
        has_any = any(value is not MISSING and value is not None for value in values)
        return (Want(KIND, self.name, ""),) if has_any else ()

    def enrich(self, event: Event, facts: Facts) -> Event:
        """The event with its pseudonyms. Raises Retryable without keys, and Rejection as `pseudonymise` does."""
        for want in self.wants(event):
            secret = facts.get(want)
            if not isinstance(secret, Secret):
                why = secret.detail if isinstance(secret, Unavailable) else "there are no keys"
                raise Retryable(f"{KIND} {self.name}: {why}")
            (event,) = _transform(self.paths, secret, self.scope)(event)
        return event


def keys_in(text: str) -> Secret:
    """The keys of a secret. Raises InputError, whose text has nothing of the secret in it."""
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        parsed = None
    match parsed:
        case {"keys": dict(keys), **rest} if keys and rest.keys() <= {"since"}:
            since = rest.get("since", {})
        case _:
            raise InputError('it is none; write {"keys": {"k1": "<base64>"}, "since": {}}')
    made = Secret((_decoded(keys), _times(since)))
    try:
        _transform((compiled("/x"),), made, "")
    except WrongDeclaration:
        raise InputError(
            "its keys are none: an id has 1 to 32 of A-Z, a-z, 0-9, _ and -; of each key but the first `since` has the "
            "time, RFC 3339, from which it is used, and of no other"
        ) from None
    return made


@lru_cache(_MOST_MADE)
def _transform(paths: tuple[Path, ...], secret: Secret, scope: str) -> Transform:
    keys, since = secret.value
    return pseudonymise(*map(str, paths), keys=keys, since=since, scope=scope)


def _decoded(keys: dict[str, Json]) -> dict[str, bytes]:
    try:
        decoded = {key_id: base64.b64decode(str(key), validate=True) for key_id, key in keys.items()}
    except (binascii.Error, ValueError):
        raise InputError("a key is no base64") from None
    if any(len(key) < MIN_KEY_BYTES for key in decoded.values()):
        raise InputError(f"a key is too short; give it {MIN_KEY_BYTES} random bytes or more, in base64")
    return decoded


def _times(since: object) -> dict[str, str]:
    if not isinstance(since, dict) or not all(isinstance(at, str) for at in since.values()):
        raise InputError('since is no object of times; write {"k2": "2026-12-01T00:00:00Z"}')
    return since

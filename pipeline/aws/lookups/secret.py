"""Keys from Secrets Manager and SSM. None is in any text that is made here.

A secret that is not there, may not be read, or holds no keys is a misconfiguration: nothing may pass without its
pseudonyms, and no retry helps. One that is out of reach is waited for; keys are never taken beyond their time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify
from pipeline.aws.lookups.kind import Looked, unavailable
from pipeline.errors import InputError, Misconfiguration, Retryable
from pipeline.lookups.cache import Cache
from pipeline.lookups.secret import PARAMETER, keys_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.aws.clients import Clients
    from pipeline.model import Secret, Want
    from pipeline.ports import Remaining

_MOST: Final = 64
_MOST_BYTES: Final = 64 * 64 * 1024


@dataclass
class Secrets:
    """Kind `secret`.

    Args:
        stack: what the names of its secrets begin with.
        now: seconds of a clock that only goes forward.
        seconds: how old keys may be.
    """

    clients: Clients
    stack: str
    now: Callable[[], float]
    seconds: float
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        self._cache: Cache[str, Secret] = Cache(self.now, _MOST, _MOST_BYTES)

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """The keys; see `ports.Lookup`."""
        facts: dict[Want, Any] = {}
        for want in wants:
            try:
                facts[want] = self._keys(want.name, remaining)
            except Retryable as error:
                facts |= unavailable([want], error)
        return Looked(facts, {})

    def _keys(self, name: str, remaining: Remaining) -> Secret:
        known = self._cache.get(name, None)
        if known is not None:
            return known
        text = self.backoff.retry(lambda: self._text(name), remaining)
        try:
            keys = keys_in(text)
        except InputError as error:
            raise Misconfiguration(f"secret {name} of {self.stack} cannot be used: {error}") from None
        self._cache.put(name, keys, seconds=self.seconds, size_bytes=len(text))
        return keys

    def _text(self, name: str) -> str:
        try:
            if name.startswith(PARAMETER):
                parameter = f"/{self.stack}/{name.removeprefix(PARAMETER)}"
                return str(self.clients.ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"])
            secret = f"{self.stack}/{name}"
            return self.clients.secretsmanager.get_secret_value(SecretId=secret).get("SecretString", "")
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"secret {name} of {self.stack} is refused: {error}") from error

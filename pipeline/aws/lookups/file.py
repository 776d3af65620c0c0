"""Objects of the reference bucket, read whole, and read anew when they were written anew.

    a look      GetObject with If-None-Match, at most once in `seconds` for each: 304, or the whole object
    no gap      what was read last answers until the new one is read whole; one that cannot be read does not replace it
    an outage   what was read last answers, for as long as it takes, and says that it is stale

An object that was never read, since it is not there or cannot be read, is out of reach: never "no facts".
(S3 API reference, GetObject: `If-None-Match`, and 304 in place of the object.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify, error_code
from pipeline.errors import InputError, Misconfiguration, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from pipeline.ports import Remaining

PREFIX: Final = "reference/"
BLOCK_BYTES: Final = 1024 * 1024
# After something went wrong, it is looked again so soon.
TROUBLE_SECONDS: Final = 5.0
_NOT_MODIFIED: Final = 304


class Version[T](NamedTuple):
    """What is known of an object.

    Args:
        made: what was made of it when it was last read whole; None while it never was.
        trouble: why that is not what lies there now; None when it is.
        etag: of what was looked at last, whether or not it could be read.
        unreadable: why that could not be read; None when it could.
        until: when it is looked at again.
    """

    made: T | None = None
    trouble: str | None = None
    etag: str | None = None
    unreadable: str | None = None
    until: float = 0.0


@dataclass
class ReferenceFiles[T]:
    """The objects under `reference/`, each as what `read` makes of its bytes; that raises InputError.

    Without s3:ListBucket on the bucket S3 answers that access is denied where there is no object, which is raised as a
    misconfiguration (API reference, GetObject, "Permissions").

    Args:
        now: seconds of a clock that only goes forward.
    """

    client: S3Client
    bucket: str
    now: Callable[[], float]
    seconds: float
    backoff: Backoff = field(default_factory=Backoff)
    known: dict[str, Version[T]] = field(default_factory=dict)

    def get(self, name: str, of: str, read: Callable[[Iterator[bytes]], T], remaining: Remaining) -> Version[T]:
        """What is known now of the object `name`, made `of` it in one of several ways. Raises Misconfiguration."""
        before = self.known.get(of, Version())
        if self.now() < before.until:
            return before
        try:
            if before.made is None:
                after = self.backoff.retry(lambda: self._look(name, before, read, remaining), remaining)
            else:
                after = self._look(name, before, read, remaining)
        except Retryable as error:
            after = before._replace(trouble=str(error), until=self._soon())
        self.known[of] = after
        return after

    def _look(
        self, name: str, before: Version[T], read: Callable[[Iterator[bytes]], T], remaining: Remaining
    ) -> Version[T]:
        key = f"{PREFIX}{name}"
        asked: dict[str, Any] = {} if before.etag is None else {"IfNoneMatch": before.etag}
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, **asked)
            etag = answer["ETag"]
            made = read(self._blocks(answer["Body"], remaining))
        except InputError as error:
            why = f"{key} cannot be read: {error}"
            return Version(before.made, why, etag, why, self._soon())
        except (BotoCoreError, ClientError) as error:
            return self._without(key, before, error)
        return Version(made, None, etag, None, self.now() + self.seconds)

    def _without(self, key: str, before: Version[T], error: BotoCoreError | ClientError) -> Version[T]:
        """What is known when nothing new came; raises what it means."""
        if isinstance(error, ClientError):
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _NOT_MODIFIED:
                return before._replace(trouble=before.unreadable, until=self.now() + self.seconds)
            if error_code(error) == "NoSuchKey":
                why = f"there is no object {key}; put it into the bucket {self.bucket}"
                return before._replace(trouble=why, until=self._soon())
        raise classify(error) or Misconfiguration(f"bucket {self.bucket} refuses {key}: {error}") from error

    def _soon(self) -> float:
        return self.now() + min(self.seconds, TROUBLE_SECONDS)

    @staticmethod
    def _blocks(body: Any, remaining: Remaining) -> Iterator[bytes]:  # noqa: ANN401 - botocore's body, or a file
        for number, block in enumerate(iter(partial(body.read, BLOCK_BYTES), b"")):
            if number and remaining() <= 0:
                raise Retryable("no time left to read the object")
            yield block

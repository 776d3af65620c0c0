"""Objects that somebody dropped, part by part.

Each part is a GET of its own, read at once: no connection is left open while the stream is slow, and what breaks off is
asked for again from where it was. All parts are of one version; of a bucket without versions, the ETag notices that the
object was written anew meanwhile. (S3 API reference, GetObject: `Range`, `If-Match`, `versionId`.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify, error_code
from pipeline.errors import PipelineError, Rejection
from pipeline.model import Part, Reason

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from pipeline.model import ObjectVersion
    from pipeline.ports import Remaining

PART_BYTES: Final = 4 * 1024 * 1024
# S3 API reference, "List of error codes", and GetObject: a delete marker that is asked for by its version is a method
# that is not allowed; what lies in Glacier, and was not restored, is in no state to be read.
_REASONS: Final = {
    "NoSuchKey": (Reason.OBJECT_GONE, "there is no such object any more"),
    "NoSuchVersion": (Reason.OBJECT_GONE, "there is no such version of it any more"),
    "MethodNotAllowed": (Reason.OBJECT_GONE, "it is a delete marker"),
    "PreconditionFailed": (Reason.OBJECT_CHANGED, "it was written anew; its new content was told of by itself"),
    "InvalidObjectState": (Reason.OBJECT_ARCHIVED, "it is archived; restore it, and drop a copy"),
}


@dataclass(frozen=True)
class DroppedObjects:
    """ObjectSource: the objects of whatever buckets the function may read.

    Without s3:ListBucket on a bucket S3 answers that access is denied where there is no object, which is raised as a
    misconfiguration (API reference, GetObject, "Permissions").
    """

    client: S3Client
    part_bytes: int = PART_BYTES
    backoff: Backoff = field(default_factory=Backoff)

    def read(self, at: ObjectVersion, offset: int, remaining: Remaining) -> Part:
        """The part that begins there; see `ports.ObjectSource`."""
        return self.backoff.retry(lambda: self._part(at, offset), remaining)

    def _part(self, at: ObjectVersion, offset: int) -> Part:
        asked: dict[str, Any] = {"Range": f"bytes={offset}-{offset + self.part_bytes - 1}"}
        if at.version is not None:
            asked["VersionId"] = at.version
        if at.etag is not None:
            asked["IfMatch"] = f'"{at.etag}"'
        try:
            answer = self.client.get_object(Bucket=at.bucket, Key=at.key, **asked)
            content = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error_code(error) == "InvalidRange":
                return Part(b"", offset, at.etag or "", 0.0)
            raise _failure(error) from error
        size_bytes = int(answer["ContentRange"].rpartition("/")[2])
        return Part(content, size_bytes, answer["ETag"].strip('"'), answer["LastModified"].timestamp())


def _failure(error: BotoCoreError | ClientError) -> PipelineError:
    if isinstance(error, ClientError) and error_code(error) in _REASONS:
        reason, detail = _REASONS[error_code(error)]
        return Rejection(reason, detail)
    # What is left of the permanent ones is about the object: encrypted with a key that only its owner has (SSE-C).
    return classify(error) or Rejection(Reason.OBJECT_UNREADABLE, f"S3 refuses to read it: {error}"[:300])

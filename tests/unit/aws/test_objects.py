"""Dropped objects, part by part, and what S3 may say instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.aws.backoff import Backoff
from pipeline.aws.objects import DroppedObjects
from pipeline.errors import Misconfiguration, PipelineError, Rejection, Retryable
from pipeline.model import ObjectVersion, Part, Reason
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.s3 import WRITTEN_AT, FakeS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT = ObjectVersion("drop", "x.log")
ETAG = "781e5e245d69b566979b86e28d23f2c7"


class Asked:
    """The client: it notes what it is asked, and answers by a fake, or raises."""

    def __init__(self, *errors: Exception, content: bytes = b"0123456789") -> None:
        self.asked: list[dict[str, Any]] = []
        self._errors = list(errors)
        self._fake = FakeS3({"drop": {"x.log": content}})

    def get_object(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - the API's names
        self.asked.append(dict(asked))
        if self._errors:
            raise self._errors.pop(0)
        asked.pop("VersionId", None)
        return self._fake.get_object(**asked)


def read(client: Asked, offset: int = 0, at: ObjectVersion = AT, seconds: float = 60.0) -> Part:
    objects = DroppedObjects(cast("S3Client", client), 4, Backoff(sleep=lambda _: None))
    return objects.read(at, offset, lambda: seconds)


def test_parts() -> None:
    """One after the other, and none behind the end."""
    parts = [read(Asked(), offset) for offset in (0, 4, 8, 10)]

    assert [b"0123", b"4567", b"89", b""] == [each.content for each in parts]
    assert {(10, ETAG, WRITTEN_AT.timestamp())} == {each[1:] for each in parts[:3]}
    assert b"" == read(Asked(content=b"")).content


def test_all_parts_are_of_one_version() -> None:
    """By the version that was told, and by the ETag."""
    client = Asked()
    read(client, 4, ObjectVersion("drop", "x.log", "v7", ETAG))
    asked = {"Bucket": "drop", "Key": "x.log", "Range": "bytes=4-7", "VersionId": "v7", "IfMatch": f'"{ETAG}"'}
    assert [asked] == client.asked


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, Reason.OBJECT_GONE),
        ("NoSuchVersion", 404, Reason.OBJECT_GONE),
        ("MethodNotAllowed", 405, Reason.OBJECT_GONE),
        ("PreconditionFailed", 412, Reason.OBJECT_CHANGED),
        ("InvalidObjectState", 403, Reason.OBJECT_ARCHIVED),
        ("InvalidRequest", 400, Reason.OBJECT_UNREADABLE),
        ("AccessDenied", 403, Misconfiguration),
        ("KMS.DisabledException", 400, Misconfiguration),
        ("NoSuchBucket", 404, Misconfiguration),
        ("SlowDown", 503, Retryable),
    ],
)
def test_what_s3_may_say(code: str, status: int, expected: Reason | type[PipelineError]) -> None:
    """Nothing to be read any more is a dead letter; what may pass is retried, and what somebody must mend is raised."""
    with pytest.raises(PipelineError) as caught:
        read(Asked(aws_error(code, status)), seconds=0.0)

    if isinstance(expected, Reason):
        assert isinstance(caught.value, Rejection)
        assert expected == caught.value.reason
    else:
        assert expected is type(caught.value)


def test_what_may_pass_is_tried_again() -> None:
    """From the same byte on."""
    client = Asked(aws_error("SlowDown", 503), ReadTimeoutError(endpoint_url="https://s3"))
    assert b"4567" == read(client, 4).content
    assert 3 == len(client.asked)

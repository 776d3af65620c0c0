"""What the function is invoked with → where to begin to read.

    S3 by way of EventBridge     {"source": "aws.s3", "detail-type": "Object Created", "detail": …}
    S3 itself                    {"Records": [{"eventSource": "aws:s3", "s3": …}]}: here keys are URL-encoded
    this function                {"continue": …}: the rest of an object that there was no time for

An object is the version that was written, or without versions what has its ETag. A second notification of it begins at
the same place and makes the same events, whatever was told in between; a newer version is an object of its own. So the
order of the notifications does not matter, and their `sequencer` is not looked at.

(S3 user guide, "Event message structure" and "EventBridge event message structure".)
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, unquote_plus

from pipeline.core.arrival import CONTINUE
from pipeline.core.lines import START, Place
from pipeline.core.log_line import LOG_TYPE
from pipeline.errors import Misconfiguration
from pipeline.model import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

_REMOVED: Final = "ObjectRemoved:"
_TYPE: Final = re.compile(r"(?:^|/)type=([^/]+)/")


class Start(NamedTuple):
    """Where to begin.

    Args:
        at: the object.
        size_bytes: of the object as it lies in S3, if that is known.
        place: between two records; in what is unpacked, where the object is packed.
        format: None where the object's beginning tells it.
        is_packed: whether it must be unpacked from its first byte on to get to the place.
        bad_lines: how many there were before the place.
        is_blank: whether there was nothing else but blank lines before it.
        time: of the last line before the place that had one.
        decoded_key: what the key says if it was told URL-encoded by way of EventBridge. AWS does not encode it there,
            LocalStack does; an object that is not there under the one name is looked for under the other.
    """

    at: ObjectVersion
    size_bytes: int | None = None
    place: Place = START
    format: str | None = None
    is_packed: bool = False
    bad_lines: int = 0
    is_blank: bool = True
    time: str | None = None
    decoded_key: str | None = None

    @property
    def type_name(self) -> str:
        """The type that its key names as the archive's do, `type=orders.v1/` at its beginning or behind a slash."""
        named = _TYPE.search(self.at.key)
        return named[1] if named else LOG_TYPE

    @property
    def is_folder(self) -> bool:
        """Whether it is what consoles write to show a folder."""
        return self.at.key.endswith("/") and self.size_bytes == 0


def starts(event: Mapping[str, Any]) -> list[Start]:
    """Where to begin, for each object of the event. Raises Misconfiguration when it is of another shape."""
    try:
        if CONTINUE in event:
            return [_continued(event[CONTINUE])]
        if "detail" in event:
            return [_created(event["detail"])]
        return [_notified(each["s3"]) for each in event["Records"] if not each["eventName"].startswith(_REMOVED)]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Misconfiguration(
            f"the event is no notification of S3 as documented ({type(error).__name__}); look at what invokes the "
            "function"
        ) from error


def continuation(start: Start) -> dict[str, Json]:
    """The event that has the function begin there."""
    return {
        CONTINUE: {
            "bucket": start.at.bucket,
            "key": start.at.key,
            "version": start.at.version,
            "etag": start.at.etag,
            "size": start.size_bytes,
            "offset": start.place.offset,
            "line": start.place.number,
            "context": b64encode(start.place.context).decode(),
            "format": start.format,
            "packed": start.is_packed,
            "bad_lines": start.bad_lines,
            "blank": start.is_blank,
            "time": start.time,
        }
    }


def _continued(rest: Mapping[str, Any]) -> Start:
    return Start(
        ObjectVersion(_text(rest["bucket"]), _text(rest["key"]), rest["version"], rest["etag"]),
        rest["size"],
        Place(int(rest["offset"]), int(rest["line"]), b64decode(rest["context"], validate=True)),
        rest["format"],
        bool(rest["packed"]),
        int(rest["bad_lines"]),
        bool(rest["blank"]),
        rest["time"],
    )


def _created(detail: Mapping[str, Any]) -> Start:
    written = detail["object"]
    at = ObjectVersion(
        _text(detail["bucket"]["name"]), _text(written["key"]), written.get("version-id"), _etag(written.get("etag"))
    )
    decoded = unquote(at.key)
    return Start(at, written.get("size"), decoded_key=decoded if decoded != at.key else None)


def _notified(s3: Mapping[str, Any]) -> Start:
    written = s3["object"]
    at = ObjectVersion(
        _text(s3["bucket"]["name"]),
        unquote_plus(_text(written["key"]), errors="strict"),
        written.get("versionId"),
        _etag(written.get("eTag")),
    )
    return Start(at, written.get("size"))


def _etag(value: str | None) -> str | None:
    return value.strip('"') if value else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value

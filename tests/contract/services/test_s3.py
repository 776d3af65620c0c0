"""S3, as the archive and the dead letters rely on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.services.services import fresh, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contract.services.services import Services


def _put(services: Services, key: str, body: bytes = b"", content_type: str = "application/json") -> None:
    services.s3.put_object(Bucket=services.bucket, Key=key, Body=body, ContentType=content_type)


def _get(services: Services, key: str) -> bytes:
    body: bytes = services.s3.get_object(Bucket=services.bucket, Key=key)["Body"].read()
    return body


def _listed(services: Services, prefix: str, **options: object) -> list[str]:
    pages = services.s3.get_paginator("list_objects_v2").paginate(Bucket=services.bucket, Prefix=prefix, **options)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_put_and_get(services: Services) -> None:
    """An object comes back with its bytes and its type."""
    key = fresh()
    _put(services, key, b"\x00\xff", "application/zstd")

    assert b"\x00\xff" == _get(services, key)
    assert "application/zstd" == services.s3.get_object(Bucket=services.bucket, Key=key)["ContentType"]


def test_put_overwrites(services: Services) -> None:
    """An object written again replaces what was there, and is listed once."""
    key = fresh()
    _put(services, key, b"longer")
    _put(services, key, b"short")

    assert b"short" == _get(services, key)
    assert [key] == _listed(services, key)


@pytest.mark.parametrize(
    "names",
    [["B", "a", "a-", "a/1", "b", "10", "9"], [f"{number:056}" for number in (10, 9, 1)]],
    ids=["any", "padded numbers"],
)
def test_listing_is_in_the_order_of_bytes(services: Services, names: Sequence[str]) -> None:
    """Keys are listed in the order of their bytes, whatever the order of writing, and only those of the prefix."""
    run = fresh()
    for name in names:
        _put(services, f"{run}/{name}")
    _put(services, f"{run[:-1]}/other")

    assert sorted(f"{run}/{name}" for name in names) == _listed(services, f"{run}/")


def test_listing_of_keys_beyond_ascii(services: Services) -> None:
    """The bytes are those of UTF-8, not of UTF-16: what is beyond the basic plane comes last."""
    run = fresh()
    for name in ("🐟", "～", "é", "z"):  # noqa: RUF001 - a full-width tilde, on purpose
        _put(services, f"{run}/{name}")

    assert [f"{run}/{name}" for name in ("z", "é", "～", "🐟")] == _listed(services, f"{run}/")  # noqa: RUF001 - the same


def test_listing_page_by_page(services: Services) -> None:
    """A listing of several pages has every key once."""
    run = fresh()
    keys = [f"{run}/{number}" for number in range(7)]
    for key in keys:
        _put(services, key)

    assert keys == _listed(services, f"{run}/", PaginationConfig={"PageSize": 3})


def test_listing_of_keys_beyond_ascii_page_by_page(services: Services) -> None:
    """Pages lose no key, whatever its letters."""
    run = fresh()
    keys = [f"{run}/{name}" for name in ("a", "b", "é", "ü")]
    for key in keys:
        _put(services, key)

    assert keys == _listed(services, f"{run}/", PaginationConfig={"PageSize": 3})


def test_listing_of_nothing(services: Services) -> None:
    """A page without any key has no Contents."""
    pages = services.s3.get_paginator("list_objects_v2").paginate(Bucket=services.bucket, Prefix=fresh())

    assert [None] == [page.get("Contents") for page in pages]


def test_a_range(services: Services) -> None:
    """Some bytes of an object, and how many there are in all; behind its end, or in an empty one, there is no range."""
    key = fresh()
    _put(services, key, b"0123456789")
    _put(services, f"{key}-empty")

    def get(name: str, range_: str) -> tuple[bytes, str]:
        answer = services.s3.get_object(Bucket=services.bucket, Key=name, Range=range_)
        return answer["Body"].read(), answer["ContentRange"]

    assert (b"234", "bytes 2-4/10") == get(key, "bytes=2-4")
    assert (b"89", "bytes 8-9/10") == get(key, "bytes=8-99")
    with refused("InvalidRange"):
        get(key, "bytes=10-99")
    with refused("InvalidRange"):
        get(f"{key}-empty", "bytes=0-99")


def test_an_object_that_was_written_anew(services: Services) -> None:
    """Whoever names the ETag of what they read before is told."""
    key = fresh()
    _put(services, key, b"old")
    etag = services.s3.get_object(Bucket=services.bucket, Key=key)["ETag"]
    assert b"old" == services.s3.get_object(Bucket=services.bucket, Key=key, IfMatch=etag)["Body"].read()

    _put(services, key, b"new")
    with refused("PreconditionFailed"):
        services.s3.get_object(Bucket=services.bucket, Key=key, IfMatch=etag)


def test_an_object_that_is_the_same(services: Services) -> None:
    """Whoever names the ETag of what they read before is given only another object, or told that there is none."""
    key = fresh()
    _put(services, key, b"old")
    etag = services.s3.get_object(Bucket=services.bucket, Key=key)["ETag"]
    with refused("304"):
        services.s3.get_object(Bucket=services.bucket, Key=key, IfNoneMatch=etag)

    _put(services, key, b"new")
    assert b"new" == services.s3.get_object(Bucket=services.bucket, Key=key, IfNoneMatch=etag)["Body"].read()
    with refused("NoSuchKey"):
        services.s3.get_object(Bucket=services.bucket, Key=fresh(), IfNoneMatch=etag)


def test_no_such_key(services: Services) -> None:
    """An object that is not there is told from a bucket that is not there."""
    with refused("NoSuchKey"):
        _get(services, fresh())


def test_no_such_bucket(services: Services) -> None:
    """Each call says that the bucket is not there."""
    bucket = f"no-such-{fresh()}"
    with refused("NoSuchBucket"):
        services.s3.put_object(Bucket=bucket, Key="k", Body=b"", ContentType="text/plain")
    with refused("NoSuchBucket"):
        services.s3.get_object(Bucket=bucket, Key="k")
    with refused("NoSuchBucket"):
        list(services.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=""))


def test_length_of_a_key(services: Services) -> None:
    """A key has up to 1,024 bytes in UTF-8."""
    run = fresh()
    key = run + "é" * ((1024 - len(run)) // 2)
    _put(services, key, b"x")

    assert b"x" == _get(services, key)
    with refused("KeyTooLongError"):
        _put(services, f"{key}k")

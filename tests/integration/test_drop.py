"""Objects in the drop bucket, deployed: S3 → EventBridge → ingest_async → Kinesis → process → DynamoDB and S3."""

from __future__ import annotations

import base64
import gzip
import uuid
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import orjson
import pytest
import zstandard

from pipeline.aws import s3
from pipeline.aws.cloudwatch import Metric
from pipeline.aws.results import Results
from pipeline.environment import Environment
from pipeline.model import ObjectVersion
from pipeline.sources.drop.lines import position_of, source_of
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
}
# Name → content, how many events, and the lines that are dead letters.
FORMATS: dict[str, tuple[bytes, int, set[int]]] = {
    "app 100%+ü.ndjson": (b'{"level":"info","n":1}\n' * 20 + b'{"broken\n' + b'{"n":2}\n' * 5, 25, {21}),
    "array.json": (b"[" + b", ".join(b'{"n":%d}' % n for n in range(9)) + b', 7, {"n":9}]', 10, {10}),
    "rows.csv": (b"level,n\n" + b"info,1\n" * 9 + b"a,b,c\n" + b"info,2\n", 10, {11}),
    "日本/syslog": (b"<34>1 2026-11-23T10:00:00Z web app - - - it runs\n" * 9, 9, set()),
    "access.log": (b'10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n' * 9, 9, set()),
    "export": (b"2026-11-23T10:00:00.000Z it fails\n  at line 1\n" * 9, 9, set()),
    "pairs.log": (b"level=info msg=started n=1\n" * 9, 9, set()),
    "a b+c.log": (b"2026-11-23T10:00:00Z INFO it runs\n" * 4 + b"Gr\xff\xdfe\n" + b"end", 5, {5}),
}


def told(at: ObjectVersion) -> dict[str, Any]:
    """What S3 tells of an object where no EventBridge is between."""
    about = {"key": quote_plus(at.key), "versionId": at.version, "eTag": at.etag, "size": 1, "sequencer": "00"}
    s3 = {"bucket": {"name": at.bucket}, "object": about}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


class Dropped:
    """The drop bucket of the stack, and what became of the objects in it."""

    def __init__(self, clients: Clients, outputs: Mapping[str, str]) -> None:
        self.clients = clients
        self.bucket = outputs["DropBucketName"]
        self.function = outputs["IngestAsyncFunctionName"]
        self._outputs = outputs

    @property
    def variables(self) -> Mapping[str, str]:
        """Those of the deployed function."""
        configuration = self.clients.functions.get_function_configuration(FunctionName=self.function)
        return {**configuration["Environment"]["Variables"], "AWS_LAMBDA_FUNCTION_NAME": self.function}

    def drop(self, name: str, content: bytes) -> ObjectVersion:
        """Write an object under a key that no other test has."""
        key = f"{uuid.uuid4().hex}/{name}"
        answer = self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return ObjectVersion(self.bucket, key, answer["VersionId"], answer["ETag"].strip('"'))

    def put_elsewhere(self, name: str, content: bytes) -> ObjectVersion:
        """Write an object into a bucket that keeps no versions, and tells nobody."""
        bucket, key = f"elsewhere-{uuid.uuid4().hex}", f"{uuid.uuid4().hex}/{name}"
        self.clients.s3.create_bucket(Bucket=bucket)
        answer = self.clients.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return ObjectVersion(bucket, key, None, answer["ETag"].strip('"'))

    def archived(self, *objects: ObjectVersion) -> dict[str, list[dict[str, Any]]]:
        """The archive's lines of these objects, by key."""
        keys = {source_of(at): at.key for at in objects}
        found: dict[str, list[dict[str, Any]]] = {at.key: [] for at in objects}
        for _, _, lines in s3.archived(self.clients.s3, self._outputs["ArchiveBucketName"]):
            for line in lines:
                if line["source"] in keys:
                    found[keys[line["source"]]].append(line)
        return found

    def dead(self, at: ObjectVersion) -> list[dict[str, Any]]:
        """The dead letters of an object, in the order of its lines."""
        kept = s3.dead_letters(self.clients.s3, self._outputs["DeadLetterBucketName"])
        return [letter for _, letter in kept if letter["record"].get("key") == at.key]

    def wake(self) -> None:
        """Drop something until it arrives: LocalStack loses what would invoke a function that has just been changed."""
        objects: list[ObjectVersion] = []

        def look() -> bool:
            objects.append(self.drop("x.log", b"awake"))
            return any(self.archived(*objects).values())

        assert eventually(look)

    def tell(self, at: ObjectVersion) -> None:
        """Tell of an object once more, and wait until that is done."""
        answer = self.clients.functions.invoke(FunctionName=self.function, Payload=orjson.dumps(told(at)))
        said = answer["Payload"].read()  # or its connection stays open
        assert "FunctionError" not in answer, said

    def put(self, at: ObjectVersion) -> list[int]:
        """How many lines of an object each invocation put."""
        position = position_of(at, 0).stream
        pages = self.clients.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.function}"
        )
        lines = [each["message"] for page in pages for each in page["events"]]
        return [int(orjson.loads(line)[Metric.DELIVERED][0]) for line in lines if f'"first":"{position}' in line]

    @property
    def results(self) -> Results:
        return Results(self.clients.dynamodb, self._outputs["ResultsTableName"])


@pytest.fixture(scope="module")
def dropped(localstack: Clients, stack: Mapping[str, str]) -> Dropped:
    return Dropped(localstack, stack)


@pytest.mark.parametrize("packer", PACKERS)
def test_each_format_adds_up(dropped: Dropped, packer: str) -> None:
    """Every line is stored once, or a dead letter with its number; being told of the objects again changes nothing."""
    objects = {name: dropped.drop(name, PACKERS[packer](content)) for name, (content, _, _) in FORMATS.items()}
    for at in objects.values():
        dropped.tell(at)
    found = eventually(
        lambda: dropped.archived(*objects.values()),
        lambda seen: all(len({each["id"] for each in seen[objects[name].key]}) >= FORMATS[name][1] for name in objects),
    )

    for name, (_, count, dead) in FORMATS.items():
        ids = {each["id"] for each in found[objects[name].key]}
        assert count == len(ids)
        assert all(dropped.results.event(each) is not None for each in ids)
        letters = eventually(lambda at=objects[name]: dropped.dead(at), lambda seen, dead=dead: len(seen) >= len(dead))  # type: ignore[misc] # the loop's own
        assert dead == {int(each["position"]["sequence_number"]) for each in letters}
        assert len(dead) == len(letters)


def test_a_dead_letter(dropped: Dropped) -> None:
    """It says where its line lies, and holds its bytes."""
    at = dropped.drop("a b.ndjson", b'{"n":1}\n' * 3 + b'{"n":\n')
    (letter,) = eventually(lambda: dropped.dead(at), bool)

    assert ("not_json", "ingest_async") == (letter["reason"], letter["function"])
    record = letter["record"]
    assert (at.key, at.version, 4, 24) == (record["key"], record["version"], record["line"], record["offset"])
    assert b'{"n":' == base64.b64decode(record["bytes"])


@pytest.mark.parametrize(
    ("content", "put", "expected"),
    [
        (b"", 0, ("object_empty", 0)),
        (gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(99)), mtime=0)[:-8], 99, ("gzip_corrupt", 100)),
        (gzip.compress(b"first\n" + b" " * 20_000_000), 1, ("decompression_bomb", 2)),
    ],
    ids=["empty", "truncated", "bomb"],
)
def test_what_is_wrong_with_an_object(dropped: Dropped, content: bytes, put: int, expected: tuple[str, int]) -> None:
    """What came before is stored, and one dead letter says from which line on it was not."""
    at = dropped.drop("x", content)
    (letter,) = eventually(lambda: dropped.dead(at), bool)
    found = eventually(lambda: dropped.archived(at)[at.key], lambda seen: len(seen) >= put)

    assert expected == (letter["reason"], letter["record"]["line"])
    assert put == len({each["id"] for each in found})


@pytest.fixture
def short(dropped: Dropped) -> Iterator[None]:
    """The function has six seconds, so three for lines, and its own timeout again afterwards."""
    functions = dropped.clients.functions
    usual = functions.get_function_configuration(FunctionName=dropped.function)["Timeout"]

    def give(seconds: int) -> None:
        functions.update_function_configuration(FunctionName=dropped.function, Timeout=seconds)
        functions.get_waiter("function_updated_v2").wait(FunctionName=dropped.function)
        dropped.wake()

    give(6)
    yield
    give(usual)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("packer", ["plain", "gzip"])
def test_a_chain_of_invocations(dropped: Dropped, packer: str) -> None:
    """While there is no time for all of an object the function goes on from line to line, and each is stored once."""
    lines = [b'{"n":%d}' % n + b"\n" * 250_000 for n in range(16)]
    at = dropped.put_elsewhere("long.ndjson", PACKERS[packer](b"".join(lines)))
    dropped.tell(at)
    found = eventually(lambda: dropped.archived(at)[at.key], lambda seen: len(seen) >= len(lines), seconds=180.0)
    counts = eventually(lambda: dropped.put(at), lambda seen: sum(seen) >= len(lines))

    assert [*range(16)] == sorted(each["data"]["body"]["n"] for each in found)
    assert all(dropped.results.event(each["id"]) is not None for each in found)
    assert (16, True) == (sum(counts), len(counts) >= 3)
    assert [] == dropped.dead(at)


def test_a_line_that_is_too_large_for_an_item(dropped: Dropped) -> None:
    """Its data lie in the claims bucket, the item refers to them, and the archive has all of it."""
    sizes = [10, 600_000, 1_500_000, 10]
    lines = [orjson.dumps({"n": n, "text": "x" * size}) for n, size in enumerate(sizes)]
    at = dropped.drop("large.ndjson.gz", gzip.compress(b"\n".join(lines)))
    found = eventually(lambda: dropped.archived(at)[at.key], lambda seen: len({each["id"] for each in seen}) >= 4)

    archived = {each["id"]: each["data"]["body"] for each in found}
    assert [orjson.loads(each) for each in lines] == [archived[each] for each in sorted(archived)]
    items = [dropped.results.event(each) for each in sorted(archived)]
    assert [False, True, True, False] == [item is not None and "dataref" in item for item in items]
    assert [] == dropped.dead(at)


def test_an_object_that_is_gone(dropped: Dropped) -> None:
    """Its version was removed before it was read."""
    at = dropped.drop("x", b"some text\n")
    eventually(lambda: dropped.archived(at)[at.key], bool)
    assert at.version is not None
    dropped.clients.s3.delete_object(Bucket=at.bucket, Key=at.key, VersionId=at.version)
    dropped.tell(at)

    assert ["object_gone"] == [each["reason"] for each in dropped.dead(at)]


def test_a_delete_marker(dropped: Dropped) -> None:
    """The version that was told of is there still, and is read."""
    at = dropped.drop("x", b"some text\n")
    dropped.clients.s3.delete_object(Bucket=at.bucket, Key=at.key)
    dropped.tell(at)
    assert 1 == len({each["id"] for each in eventually(lambda: dropped.archived(at)[at.key], bool)})
    assert [] == dropped.dead(at)


@pytest.mark.parametrize("packer", PACKERS)
def test_going_on(dropped: Dropped, packer: str) -> None:
    """With time for one line only, the deployed function is invoked with the rest; a bucket may have no versions."""
    content = b"n,level\n" + b"1,info\n" * 3 + b"1,2,3\n" + b"2,info\n" * 3
    at = dropped.put_elsewhere("rows.csv", PACKERS[packer](content))
    ingest = Environment(dropped.variables, dropped.clients).ingest_async()
    ingest.take(told(at), partial(next, chain([900.0], repeat(20.0))))
    found = eventually(lambda: dropped.archived(at)[at.key], lambda seen: len({each["id"] for each in seen}) >= 6)

    assert 6 == len({each["id"] for each in found}) == len(found)
    assert ["1", "1", "1", "2", "2", "2"] == sorted(each["data"]["body"]["n"] for each in found)
    assert [5] == [each["record"]["line"] for each in dropped.dead(at)]

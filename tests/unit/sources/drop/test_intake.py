"""Objects → events: all of them, each once in effect, whatever the format, the time and the notifications."""

from __future__ import annotations

import gzip
import tarfile
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.formats.detect import SAMPLE_BYTES
from pipeline.core.lines import BEGINNING_BYTES, Line
from pipeline.core.packed import MIN_BOUND_BYTES
from pipeline.core.submission import Rules
from pipeline.errors import BugFlood, Misconfiguration, Retryable
from pipeline.model import Ledger
from pipeline.testing.countdown import Countdown
from pipeline.testing.kinesis import Fail, FakeStream, Refuse
from pipeline.testing.objects import FakeObjects
from tests.unit.core.formats.test_csv_framing import broken_csv, cut
from tests.unit.core.test_signature import tarred, zipped
from tests.unit.sources.drop.bench import ENOUGH, MOMENT, RULES, SCARCE, Bench, created

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Event

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zstd": zstandard.compress,
}
ND = b"".join(b'{"level":"info","n":%d}\n' % n for n in range(9))
# Content, how many events, and the lines that are dead letters.
FORMATS: dict[str, tuple[bytes, int, list[int]]] = {
    "ndjson": (ND + b'{"broken\n\n' + ND, 18, [10]),
    "json": (b"[" + b",\n".join(b'{"n":%d}' % n for n in range(9)) + b', 7, {"n":9}]', 10, [10]),
    "csv": (b"time,level,n\n" + b"2026-11-23T10:00:00Z,info,1\n" * 9 + b"too,few\n" + b"x,y,2\n", 10, [11]),
    "syslog": (b"<34>1 2026-11-23T10:00:00Z web app - - - it runs\n" * 8 + b"no syslog\n", 9, []),
    "apache": (b'10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n' * 9, 9, []),
    "cloudwatch": (b"2026-11-23T10:00:00.000Z it fails\n  at line 1\n" * 9, 9, []),
    "logfmt": (b"level=info msg=started n=1\n" * 9, 9, []),
    "plain": (b"2026-11-23T10:00:00Z ERROR it failed\n\tat line 1\n" * 4 + b"Gr\xff\xdfe\n" + b"end", 9, [9]),
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_each_format(name: str, packer: str) -> None:
    """Every line is an event or a dead letter; whether in one invocation, or a line in each, they are the same."""
    content, count, dead = FORMATS[name]
    at_once, bit_by_bit = Bench(), Bench()
    for bench, seconds in ((at_once, ENOUGH), (bit_by_bit, SCARCE)):
        bench.drop("app/x", PACKERS[packer](content), seconds)

        assert count == len({each["id"] for each in bench.events}) == len(bench.events)
        assert dead == [line for line, _ in bench.dead]
        assert (count, len(dead), 0) == bench.counts()
    assert at_once.events == bit_by_bit.events
    assert (1, True) == (at_once.invocations, bit_by_bit.invocations >= count)


@pytest.mark.parametrize(
    ("key", "content", "events", "dead"),
    [
        ("x.ndjson", b"{broken\n" * 300 + ND, 9, 300),
        ("a/X.JSONL.gz", b"{broken\n" * 300 + ND, 9, 300),
        ("x.csv.zst", b"a,b\n" + b"no row\n" * 300 + b"1,2\n" * 9, 9, 300),
        ("x.log", ND.replace(b"\n", b"\n{broken\n"), 18, 0),
    ],
    ids=str,
)
def test_a_broken_beginning(key: str, content: bytes, events: int, dead: int) -> None:
    """Where the key says what an object is, its bad lines are dead letters; else half of them make it a text."""
    bench = Bench()
    bench.drop(key, content)

    assert (events, dead, 0) == bench.counts()


def test_what_an_event_says() -> None:
    """It comes from the object, and a line without a time has that of the one before it, or of the object."""
    bench = Bench()
    bench.drop("a b/ü.log", b"started\n2026-11-23T10:00:00Z ERROR it failed\n  at line 1\n")

    assert {"s3://drop/a%20b/%C3%BC.log"} == {each["source"] for each in bench.events}
    assert ["2025-11-24T16:00:00.250000Z", *["2026-11-23T10:00:00Z"] * 2] == [each["time"] for each in bench.events]
    assert ["started", "2026-11-23T10:00:00Z ERROR it failed", "  at line 1"] == bench.bodies


def test_the_time_before_a_continuation() -> None:
    """A stack trace keeps the time of its line, in whichever invocation it is read."""
    bench = Bench()
    bench.drop("x.log", b"2026-11-23T10:00:00Z ERROR it failed\n  at line 1\n", SCARCE)
    assert ["2026-11-23T10:00:00Z"] * 2 == [each["time"] for each in bench.events]


@pytest.mark.parametrize("seconds", [ENOUGH, SCARCE])
def test_a_second_notification_has_no_effect(seconds: float) -> None:
    """It makes the same events and dead letters; a newer version is another object, however late its elder is told."""
    bench = Bench()
    bench.drop("x.ndjson", ND + b"{", seconds)
    first = bench.events
    bench.run(created("x.ndjson"), seconds)
    assert sorted([*first, *first], key=str) == sorted(bench.events, key=str)
    assert 1 == len({each.record.position for each in bench.dead_letters.kept})

    bench.drop("x.ndjson", ND, seconds, version="v2")
    bench.run(created("x.ndjson"), seconds)
    assert 2 * len(first) == len({each["id"] for each in bench.events})


def test_events_stay_as_they_are() -> None:
    """A line that is a CloudEvents object keeps its id, and its subject is its key."""
    event = {
        "specversion": "1.0",
        "id": "own",
        "source": "//shop",
        "type": "log.v1",
        "time": "2026-11-23T10:00:00Z",
        "subject": "k",
        "data": {"body": "x"},
    }
    bench = Bench()
    bench.drop("events.ndjson", orjson.dumps(event) + b"\n" + orjson.dumps({**event, "id": "", "data": {}}))

    assert [event] == bench.events
    assert [(2, "not_an_event")] == bench.dead


LARGE = {"an item": 500_000, "a record of the stream": 1_500_000, "all but what is left in S3": MAX_CLAIM_BYTES - 100}


@pytest.mark.parametrize("size_bytes", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("seconds", [ENOUGH, SCARCE])
def test_a_line_that_is_too_large(size_bytes: int, seconds: float) -> None:
    """It leaves its data in S3 and travels with a reference; the lines around it are put as ever."""
    bench = Bench(objects=FakeObjects(part_bytes=1_000_000))
    content = orjson.dumps({"n": 9, "text": "x" * size_bytes})
    bench.drop("x.ndjson", ND + content + b"\n" + ND, seconds)
    (claimed,) = (each for each in bench.events if "dataref" in each)

    assert [{"body": orjson.loads(content)}] == bench.left
    (claim,) = bench.claims.left
    assert (f"s3://claims/{claim.key}", False) == (claimed["dataref"], "data" in claimed)
    assert [*range(9), *range(9)] == [each["data"]["body"]["n"] for each in bench.events if "data" in each]
    assert ((19, 0, 0), []) == (bench.counts(), bench.dead)


def test_large_lines_stay_in_order_with_small_ones() -> None:
    """Events of one subject are on the stream as they are in the object, whichever of them leaves its data."""
    event = {"specversion": "1.0", "source": "//shop", "type": "log.v1", "subject": "k", "time": "2026-11-23T10:00:00Z"}
    lines = [{**event, "id": str(n), "data": {"body": "x" * (500_000 if n % 3 == 1 else 10)}} for n in range(7)]
    bench = Bench()
    bench.drop("x.ndjson", b"\n".join(map(orjson.dumps, lines)))

    assert [each["id"] for each in lines] == [each["id"] for each in bench.on_stream]
    assert ["1", "4"] == [each["id"] for each in bench.on_stream if "dataref" in each]


def test_a_line_beyond_what_is_left_in_s3() -> None:
    """Its data are larger than a claim may be, though the line is not: a dead letter that holds it."""
    bench = Bench(objects=FakeObjects(part_bytes=1_000_000))
    line = b"x" * MAX_CLAIM_BYTES
    bench.drop("x.log", line + b"\nnext")
    (letter,) = bench.dead_letters.kept

    assert ((1, 1, 0), [(1, "too_large")], ["next"]) == (bench.counts(), bench.dead, bench.bodies)
    assert line == b64decode(letter.record.original["bytes"])


def test_a_claims_bucket_that_is_away() -> None:
    """What came before is on the stream; the rest begins with the line that owes its data."""
    bench = Bench()
    bench.claims.errors = [Retryable("SlowDown")]
    bench.objects.drop("x.ndjson", ND + orjson.dumps({"n": "x" * 500_000}) + b"\n" + ND)
    bench.take(created("x.ndjson"))
    handed = bench.continuation.handed.pop()
    assert (9, len(ND)) == (handed["continue"]["line"], handed["continue"]["offset"])  # type: ignore[index] # JSON
    assert (9, 1) == (bench.ledgers[0].delivered, bench.ledgers[0].retried)

    bench.claims.errors = [Retryable("SlowDown")]
    with pytest.raises(Retryable, match="nothing of the object was shipped: SlowDown"):
        bench.take(handed)
    bench.run(handed)
    assert 19 == len({each["id"] for each in bench.events}) == len(bench.events)


def test_a_large_line_waits_for_what_is_held() -> None:
    """While the stream takes nothing it is not looked at: what is made of it may be all that is held."""
    bench = Bench(stream=FakeStream([Fail()] * 10_000), objects=FakeObjects(part_bytes=1_000_000))
    bench.objects.drop("x.ndjson", ND + orjson.dumps({"n": "x" * 1_500_000}))
    with pytest.raises(Retryable, match="nothing of the object was shipped: stopped"):
        bench.take(created("x.ndjson"), whole=MOMENT, seconds=MOMENT)
    assert 0 == bench.claims.tried


def test_a_type_in_the_key() -> None:
    """As in the archive; the lines are the data then, and checked by its schema."""
    bench = Bench()
    bench.drop("type=orders.v1/x.ndjson", b'{"order": 1}\n{"order": "x"}\n{"order": 2}\n')
    bench.drop("type=nope.v1/x.ndjson", ND)

    assert [("orders.v1", {"order": 1}), ("orders.v1", {"order": 2})] == [(e["type"], e["data"]) for e in bench.events]
    assert [(2, "schema_invalid"), (0, "unknown_type")] == bench.dead


def test_a_log_of_another_type() -> None:
    """A line of a log is log data of that type, if its schema takes them; what is no such line is a dead letter."""
    bench, line = Bench(), b'10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
    bench.drop("type=access_log.v1/access.log", 2 * line + b"lost\n" + line)
    bench.drop("type=orders.v1/access.log", line)
    bench.drop("in/type=access_log.v1/most of it is none", 3 * b"lost\n" + line + 3 * b"lost\n")

    assert ["access_log.v1"] * 4 == [each["type"] for each in bench.events]
    assert {"10.0.0.1"} == {each["data"]["attributes"]["client.address"] for each in bench.events}
    lost = [(number, "not_of_format") for number in (1, 2, 3, 5, 6, 7)]
    assert [(3, "not_of_format"), (1, "schema_invalid"), *lost] == bench.dead
    assert bench.dead_letters.kept[-1].detail.startswith("line 7: not apache: ")


def test_bytes_that_no_text_has() -> None:
    """After a loss of power a log has some NUL bytes; only their lines are lost to it."""
    bench = Bench()
    bench.drop("app.log", b"one\n" + b"\0" * 300 + b"two\nthree\n\xfffour\nfive\n")

    assert ["one", "three", "five"] == bench.bodies
    assert [(2, "not_utf8"), (4, "not_utf8")] == bench.dead


@pytest.mark.parametrize("key", ["x.csv", "type=orders.v1/x.csv"])
def test_carriage_returns_alone(key: str) -> None:
    """What ends lines with them has none that anybody reads; it is told by name, and is not taken for a header."""
    bench = Bench()
    bench.drop(key, b"order,name\r1,a\r2,b\r")
    bench.drop(key, b"order,name\r\n1,a\r\n", version="v2")

    assert [(0, "object_unreadable")] == [each for each in bench.dead if each[1] != "schema_invalid"]
    assert "its lines end with carriage returns alone; write line feeds" in bench.dead_letters.kept[0].detail


@pytest.mark.parametrize(
    ("content", "put", "expected"),
    [
        (b"", 0, (0, "object_empty")),
        (gzip.compress(b""), 0, (0, "object_empty")),
        (b"\x89PNG\r\n\x1a\n\0", 0, (0, "not_utf8")),
        (zipped("app.log"), 0, (0, "object_unreadable")),
        (gzip.compress(tarred(tarfile.PAX_FORMAT)), 0, (0, "object_unreadable")),
        ("n\n1\n".encode("utf-16"), 0, (0, "object_unreadable")),
        (gzip.compress(ND)[:-8], 9, (10, "gzip_corrupt")),
        (gzip.compress(ND, 0)[:150], 5, (6, "gzip_corrupt")),
        (gzip.compress(b"")[:12], 0, (0, "gzip_corrupt")),
        (zstandard.compress(ND) + b"rubbish", 9, (10, "zstd_corrupt")),
        (ND + b"x" * (MAX_CLAIM_BYTES + 1), 9, (10, "too_large")),
        (ND + b"\xff", 9, (10, "not_utf8")),
    ],
    ids=[
        "empty",
        "empty gzip",
        "picture",
        "zip",
        "packed tar",
        "UTF-16",
        "truncated at its end",
        "truncated",
        "truncated at its beginning",
        "damaged zstd",
        "a long line",
        "no text",
    ],
)
@pytest.mark.parametrize("seconds", [ENOUGH, SCARCE])
def test_what_is_wrong_with_an_object(content: bytes, put: int, expected: tuple[int, str], seconds: float) -> None:
    """What came before is put, and one dead letter says from which line on it was not."""
    bench = Bench()
    bench.objects.part_bytes = 100_000
    bench.drop("x", content, seconds)

    assert [expected] == bench.dead
    assert put == len(bench.events)
    assert (put, 1, 0) == bench.counts()


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_a_bomb(packer: str) -> None:
    """A few bytes that stand for a lot are a dead letter, and it does not take all day to find out."""
    bench = Bench()
    bench.objects.part_bytes = 1_000_000
    bench.drop("x", PACKERS[packer](b"first\n" + b" " * (MIN_BOUND_BYTES + 1)))

    assert ["first"] == bench.bodies
    assert [(2, "decompression_bomb")] == bench.dead


def test_an_object_that_is_gone() -> None:
    """Deleted before it could be read, or a version of it, or while it is read."""
    bench = Bench()
    bench.run(created("gone"))
    assert [(0, "object_gone")] == bench.dead

    bench.objects.part_bytes = 30

    def remove(offset: int) -> None:
        if offset >= 90:
            bench.objects.contents.clear()

    bench.objects.before = remove
    bench.drop("x", ND)
    assert [(0, "object_gone"), (4, "object_gone")] == bench.dead
    assert 3 == len(bench.events)


def test_a_key_that_eventbridge_was_told_encoded() -> None:
    """It is found under the name that it has; one that has the encoded name itself is that one."""
    bench = Bench()
    bench.objects.drop("a b.log", b"plain")
    bench.run(created("a%20b.log"))
    assert ["plain"] == bench.bodies
    bench.objects.drop("a%20b.log", b"quoted")
    bench.run(created("a%20b.log"))
    assert ["plain", "quoted"] == sorted(bench.bodies)
    assert [] == bench.dead


def test_an_object_that_changes_under_way() -> None:
    """Where there are no versions, the rest is that of another object."""
    bench = Bench()
    bench.objects.part_bytes = 50

    def change(offset: int) -> None:
        if offset >= 100:
            bench.objects.drop("x", b"y" * 999, etag="e2")

    bench.objects.before = change
    bench.drop("x", ND)
    assert [(5, "object_changed")] == bench.dead
    assert 4 == len(bench.events)


@pytest.mark.parametrize("seconds", [ENOUGH, SCARCE])
@pytest.mark.parametrize(("key", "content"), [("x", b"\n \n\n"), ("x.csv", b"a,b\n\n\n")])
def test_blank_lines(key: str, content: bytes, seconds: float) -> None:
    """They are nothing, and an object of nothing else is empty, however often the time ran out before that was seen."""
    bench = Bench()
    bench.drop(key, content, seconds)
    assert [(0, "object_empty")] == bench.dead


def test_blank_lines_at_the_end() -> None:
    """What comes after the last record is nothing, even where an invocation finds nothing else."""
    bench = Bench()
    bench.drop("x", b"\nfirst\n\n\n\n", SCARCE)
    assert (["first"], []) == (bench.bodies, bench.dead)
    assert bench.invocations > 2


def test_a_folder() -> None:
    """What a console writes to show a folder is dropped on purpose, and counted; a file named so is read."""
    bench = Bench()
    bench.drop("logs/", b"")
    assert ([], (0, 0, 1)) == (bench.dead, bench.counts())
    bench.drop("logs/", b"text")
    assert ["text"] == bench.bodies


def test_too_many_bad_lines() -> None:
    """At most so many dead letters an object, and one for the rest, over however many invocations."""
    for seconds in (ENOUGH, SCARCE):
        bench = Bench(max_bad_lines=3)
        bench.drop("x.ndjson", ND + b"{\n" * 3 + ND + b"{\n" + ND, seconds)

        assert [*((n, "not_json") for n in (10, 11, 12)), (22, "too_many_bad_lines")] == bench.dead
        assert (18, 4, 0) == bench.counts()
        assert "line 22: 3 lines before it are dead letters" in bench.dead_letters.kept[-1].detail


def test_a_dead_letter_of_a_line() -> None:
    """It says where the line lies, and holds its bytes."""
    bench = Bench()
    bench.drop("x y.ndjson", ND + b"{\xc3\xa4\n")
    (letter,) = bench.dead_letters.kept

    assert "s3://drop/x%20y.ndjson?versionId=v1" == letter.record.position.stream
    expected = {"bucket": "drop", "key": "x y.ndjson", "version": "v1", "etag": "e1", "line": 10, "offset": len(ND)}
    assert {**expected, "bytes": "e8Ok"} == letter.record.original


def test_a_dead_letter_of_an_overlong_line() -> None:
    """It says how long the line is, and holds its beginning."""
    bench = Bench(objects=FakeObjects(part_bytes=1_000_000))
    bench.drop("x.ndjson", ND + b"x" * (MAX_CLAIM_BYTES + 9))
    (letter,) = bench.dead_letters.kept

    assert (MAX_CLAIM_BYTES + 9, True) == (letter.record.original["size"], "bytes" not in letter.record.original)
    assert b"x" * BEGINNING_BYTES == b64decode(letter.record.original["beginning"])


@given(broken_csv(), st.sampled_from([ENOUGH, SCARCE]))
@settings(max_examples=60)
def test_broken_csv(text: bytes, seconds: float) -> None:
    """Whatever quotation mark is wrong, every line that is not blank is in exactly one event or dead letter."""
    bench = Bench()
    bench.drop("x.csv", text, seconds)
    begins = {int(str(each["id"]).split("-")[1], 16) for each in bench.events}
    begins_of_dead = {
        int(each.record.original["offset"]) for each in bench.dead_letters.kept if each.record.original["line"]
    }

    rows = [row for row in cut(text, limit_bytes=MAX_CLAIM_BYTES) if isinstance(row, Line) and row.content.strip()]
    assert {row.offset for row in rows} == begins | begins_of_dead
    assert len(rows) == len(begins) + len(begins_of_dead) == len(bench.events) + len(begins_of_dead)
    kept = [
        b64decode(each.record.original["bytes"]) for each in bench.dead_letters.kept if each.record.original["line"]
    ]
    assert [row.content for row in rows if row.offset in begins_of_dead] == kept


def test_a_stream_that_is_slow() -> None:
    """What is refused is sent again, and nothing is twice on the stream or missing."""
    bench = Bench(stream=FakeStream([Refuse(frozenset({0})), Fail(), None]))
    bench.drop("x.ndjson", ND)
    assert [*range(9)] == [each["n"] for each in bench.bodies]


def test_a_stream_that_is_away() -> None:
    """Nothing got through: it is raised, so Lambda tries again; nothing is handed over, or it would go on for ever."""
    bench = Bench(stream=FakeStream([Fail()] * 10_000))
    bench.objects.drop("x.ndjson", ND)
    with pytest.raises(Retryable, match="nothing of the object was shipped: stopped"):
        bench.take(created("x.ndjson"), whole=MOMENT, seconds=MOMENT)
    assert [] == bench.continuation.handed


def test_a_stream_that_may_not_be_written() -> None:
    """No retry helps."""
    bench = Bench(stream=FakeStream([Fail(Misconfiguration("AccessDenied"))] * 99))
    bench.objects.drop("x.ndjson", ND)
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.take(created("x.ndjson"))


def test_a_bucket_that_is_slow_while_it_is_read() -> None:
    """What was read is shipped, and the next invocation goes on from there; at the beginning, it is raised."""
    bench = Bench()
    bench.objects.part_bytes = 50
    bench.objects.errors = [None, None, Retryable("SlowDown")]
    bench.drop("x.ndjson", ND)
    assert [*range(9)] == [each["n"] for each in bench.bodies]
    assert 2 == bench.invocations

    bench.objects.errors = [Retryable("SlowDown")]
    with pytest.raises(Retryable, match="SlowDown"):
        bench.take(created("x.ndjson"))


def test_access_denied() -> None:
    """It is raised, whatever was shipped before."""
    bench = Bench()
    bench.objects.drop("x.ndjson", ND)
    bench.objects.errors = [Misconfiguration("AccessDenied")]
    with pytest.raises(Misconfiguration):
        bench.take(created("x.ndjson"))


def test_a_dead_letter_that_cannot_be_kept() -> None:
    """Its line waits: the rest begins with it; where it is the first, that is raised."""
    bench = Bench()
    bench.dead_letters.failing = frozenset({"10"})
    bench.objects.drop("x.ndjson", ND + b"{\n" + ND)
    bench.take(created("x.ndjson"))
    (handed,) = bench.continuation.handed
    assert (9, len(ND)) == (handed["continue"]["line"], handed["continue"]["offset"])  # type: ignore[index] # JSON
    assert 1 == bench.ledgers[0].retried
    with pytest.raises(Retryable, match="a dead letter was not kept: SlowDown"):
        bench.take(handed)


def test_the_rest_that_cannot_be_handed_over() -> None:
    """It is raised, and the same is begun again, with the same events."""
    bench = Bench()
    bench.objects.drop("x.ndjson", ND)
    bench.continuation.errors = [Retryable("TooManyRequestsException")]
    with pytest.raises(Retryable, match="TooManyRequests"):
        bench.take(created("x.ndjson"), SCARCE)
    bench.run(created("x.ndjson"), SCARCE)
    assert 9 == len({each["id"] for each in bench.events})


@pytest.mark.parametrize(("whole", "invocations"), [(900.0, 1), (160.0, 3), (40.0, 11), (6.0, 11)])
def test_a_function_with_less_time(whole: float, invocations: int) -> None:
    """It keeps as much less in reserve, so each invocation gets further; each line is put once."""
    bench, clock = Bench(), Countdown()
    lines = [b'{"n":%d,"text":"' % n + b"x" * SAMPLE_BYTES + b'"}\n' for n in range(10, 40)]
    bench.objects.part_bytes = len(lines[0])
    bench.objects.before = lambda _: clock.spend(9.0 if whole > 6.0 else 1.0)
    bench.objects.drop("x.ndjson", b"".join(lines))
    handed: list[Any] = [created("x.ndjson")]
    while handed:
        clock.left = whole
        bench.invoke(handed.pop(), clock)
        handed = [*bench.continuation.handed]
        bench.continuation.handed.clear()

    assert (30, 0, 0) == bench.counts()
    assert [*range(10, 40)] == [each["n"] for each in bench.bodies]
    assert invocations == bench.invocations


def test_several_objects_in_an_event() -> None:
    """Those that there was no time for are handed over, each from its beginning."""
    bench = Bench()
    records: list[dict[str, Any]] = []
    for key in ("a.ndjson", "b.ndjson", "c.ndjson"):
        bench.objects.drop(key, ND)
        written = {"key": key, "size": len(ND), "eTag": "e1", "versionId": "v1"}
        s3 = {"bucket": {"name": "drop"}, "object": written}
        records.append({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3})
    bench.run({"Records": records}, SCARCE)

    assert 27 == len({each["id"] for each in bench.events}) == len(bench.events)


def test_the_counts() -> None:
    """Of every invocation, with the lines that they are of, and no content."""
    bench = Bench()
    bench.drop("x.ndjson", ND + b"{")
    position = "s3://drop/x.ndjson?versionId=v1"

    (ledger,) = bench.ledgers
    assert Ledger(10, delivered=9, dead_lettered=1, reasons=ledger.reasons) == ledger
    (told,) = bench.report.rest
    assert (f"{position}//0/0", f"{position}//10/0") == (str(told["first"]), str(told["last"]))
    assert (2.0, 10, len(ND) + 1) == (told["lag_seconds"], told["size"], told["size_bytes"])


def test_a_bug() -> None:
    """In one line it is a dead letter; in most of them it is raised, for the deploy is bad."""

    def fail(event: Event) -> tuple[Event, ...]:
        if isinstance(event.data["body"], dict) and event.data["body"]["n"] in broken:
            raise ZeroDivisionError
        return (event,)

    route = RULES.routes["log.v1"]
    rules = Rules(RULES.validators, {"log.v1": type(route)(transforms=(fail,), destinations=route.destinations)})
    broken = {3}
    bench = Bench(rules=rules)
    bench.drop("x.ndjson", ND)
    assert [(4, "bug")] == bench.dead

    broken = {*range(9)}
    with pytest.raises(BugFlood, match="ZeroDivisionError"):
        bench.run(created("x.ndjson"))

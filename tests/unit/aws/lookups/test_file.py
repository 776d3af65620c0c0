"""Objects of the reference bucket: when they are read anew, and what answers meanwhile."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import IncompleteReadError, ReadTimeoutError

from pipeline.aws.lookups.file import BLOCK_BYTES, TROUBLE_SECONDS, ReferenceFiles
from pipeline.aws.lookups.geoip import GeoIp
from pipeline.aws.lookups.rows import ObjectRows
from pipeline.errors import Misconfiguration
from pipeline.model import Unavailable, Want
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.s3 import FakeS3
from tests.unit.aws.lookups.clock import Clock
from tests.unit.aws.lookups.databases import LONDON, cities, database

if TYPE_CHECKING:
    from pipeline.aws.lookups.kind import Looked

SECONDS = 60.0
KEY = "reference/shops.csv"
DE = Want("object", "shops.csv#code", "DE")
OLD, NEW, BAD = b"code,n\nDE,old\n", b"code,n\nDE,new\n", b"code,n\nDE\n"
SLOW_DOWN = aws_error("SlowDown", 503)
GONE = "there is no object reference/shops.csv; put it into the bucket b"
UNREADABLE = "reference/shops.csv cannot be read: row 2 has 1 fields, and the header 2"


@dataclass
class Reads:
    """A client whose GetObject fails as told; `asked` has the ETag of each, None for the whole object."""

    s3: FakeS3
    errors: list[Exception] = field(default_factory=list)
    body: Any = io.BytesIO
    asked: list[str | None] = field(default_factory=list)

    def get_object(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - the API's
        self.asked.append(asked.get("IfNoneMatch"))
        if self.errors:
            raise self.errors.pop(0)
        answer = self.s3.get_object(**asked)
        return {**answer, "Body": self.body(answer["Body"].read())}


def shops(content: bytes | None = OLD, **options: Any) -> tuple[ObjectRows, Reads, Clock]:  # noqa: ANN401 - the client's
    """A lookup of one object."""
    reads = Reads(FakeS3({"b": {} if content is None else {KEY: content}}), **options)
    clock = Clock()
    return ObjectRows(ReferenceFiles(cast("Any", reads), "b", clock, SECONDS, clock.backoff())), reads, clock


def put(reads: Reads, content: bytes) -> None:
    reads.s3.buckets["b"][KEY] = content


def found(rows: ObjectRows, clock: Clock) -> tuple[Any, str | None]:
    """The fact, and why it is stale."""
    looked = rows.look_up([DE], clock.remaining)
    return looked.facts.get(DE), looked.stale.get("shops.csv#code")


def old(why: str | None = None) -> tuple[Any, str | None]:
    return {"code": "DE", "n": "old"}, why


def new() -> tuple[Any, str | None]:
    return {"code": "DE", "n": "new"}, None


def away(why: str) -> tuple[Any, str | None]:
    return Unavailable(why), None


def test_read_once() -> None:
    """It is read whole once, and looked at again when the time is over, without being read where it is the same."""
    rows, reads, clock = shops()
    assert old() == found(rows, clock)
    clock.at = SECONDS - 0.1
    assert old() == found(rows, clock)
    assert [None] == reads.asked
    clock.at = SECONDS
    assert old() == found(rows, clock)
    clock.at = 2 * SECONDS - 0.1
    assert old() == found(rows, clock)
    assert [None, True] == [each and each.startswith('"') for each in reads.asked]


def test_written_anew() -> None:
    """The new one answers once it was looked at."""
    rows, reads, clock = shops()
    found(rows, clock)
    put(reads, NEW)
    assert old() == found(rows, clock)
    clock.at = SECONDS
    assert new() == found(rows, clock)


def test_a_new_one_that_cannot_be_read() -> None:
    """The old one answers, says so, and the new one is not read again and again; one that is right ends it."""
    rows, reads, clock = shops()
    found(rows, clock)
    put(reads, BAD)
    clock.at = SECONDS
    assert old(UNREADABLE) == found(rows, clock)
    clock.sleep(TROUBLE_SECONDS)
    assert old(UNREADABLE) == found(rows, clock)
    assert 3 == len(reads.asked)
    assert reads.asked[2] not in {None, reads.asked[1]}
    put(reads, NEW)
    clock.sleep(SECONDS)
    assert new() == found(rows, clock)


def test_the_old_one_again() -> None:
    """A mistake that is taken back is over."""
    rows, reads, clock = shops()
    found(rows, clock)
    put(reads, BAD)
    clock.at = SECONDS
    found(rows, clock)
    put(reads, OLD)
    clock.sleep(SECONDS)
    assert old() == found(rows, clock)


@pytest.mark.parametrize(("content", "why"), [(None, GONE), (BAD, UNREADABLE), (gzip.compress(OLD)[:-2], "breaks off")])
def test_never_read(content: bytes | None, why: str) -> None:
    """Without an object that can be read its facts are out of reach, never none, and soon looked for again."""
    rows, reads, clock = shops(content)
    for _ in range(2):
        fact, stale = found(rows, clock)
        assert isinstance(fact, Unavailable)
        assert (True, None) == (why in fact.detail, stale)
    assert 1 == len(reads.asked)
    put(reads, NEW)
    clock.sleep(TROUBLE_SECONDS)
    assert new() == found(rows, clock)


def test_deleted() -> None:
    """What was read answers still, and says so; the same one put back ends it."""
    rows, reads, clock = shops()
    found(rows, clock)
    del reads.s3.buckets["b"][KEY]
    clock.at = SECONDS
    assert old(GONE) == found(rows, clock)
    put(reads, OLD)
    clock.sleep(TROUBLE_SECONDS)
    assert old() == found(rows, clock)


def test_outage() -> None:
    """While S3 is out of reach, what was read answers, and says so, after one try; it is over when S3 is back."""
    rows, reads, clock = shops()
    found(rows, clock)
    clock.at, reads.errors = SECONDS, [SLOW_DOWN, SLOW_DOWN]
    assert old(str(SLOW_DOWN)) == found(rows, clock)
    assert 2 == len(reads.asked)
    clock.sleep(TROUBLE_SECONDS)
    assert old(str(SLOW_DOWN)) == found(rows, clock)
    clock.sleep(TROUBLE_SECONDS)
    assert old() == found(rows, clock)


@pytest.mark.parametrize("error", [SLOW_DOWN, ReadTimeoutError(endpoint_url="https://s3"), aws_error("x", 500)])
def test_outage_at_the_beginning(error: Exception) -> None:
    """What was never read is tried again while there is time, and then out of reach."""
    rows, reads, clock = shops(errors=[error])
    assert old() == found(rows, clock)
    assert 2 == len(reads.asked)
    rows, _, clock = shops(errors=[error] * 99)
    assert away(found(rows, clock)[0].detail) == found(rows, clock)
    assert clock.remaining() < 2


class Cut(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if chunk := super().read(size):
            return chunk
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)


def test_an_end_that_does_not_arrive() -> None:
    """Half an object is none."""
    rows, reads, clock = shops()
    found(rows, clock)
    put(reads, NEW)
    clock.at, reads.body = SECONDS, Cut
    fact, why = found(rows, clock)
    assert old(why) == (fact, why)
    assert why is not None
    assert "IncompleteReadError" in why


def test_no_time_to_read_it() -> None:
    """A large object is not read beyond the time; a small one is read whatever the time left."""
    large = b"code,n\n" + b"".join(b"%d,x\n" % number for number in range(BLOCK_BYTES // 5))
    rows, _, _ = shops(large)
    (fact,) = rows.look_up([DE], lambda: 0.0).facts.values()
    assert Unavailable("no time left to read the object") == fact
    rows, _, _ = shops()
    assert [{"code": "DE", "n": "old"}] == [*rows.look_up([DE], lambda: 0.0).facts.values()]


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InvalidRequest"])
def test_refused(code: str) -> None:
    """What may not be read is a misconfiguration, and tried once."""
    rows, reads, clock = shops(errors=[aws_error(code)])
    with pytest.raises(Misconfiguration, match=code):
        found(rows, clock)
    assert 1 == len(reads.asked)


def test_columns() -> None:
    """An object can be looked up by several columns; a key that it has not is left out."""
    rows, reads, clock = shops()
    by_n, none = Want("object", "shops.csv#n", "old"), Want("object", "shops.csv#n", "older")
    facts = rows.look_up([DE, by_n, none], clock.remaining).facts
    assert {DE: old()[0], by_n: old()[0]} == facts
    assert 2 == len(reads.asked)


LONDON_AT, TOKYO_AT = "81.2.69.142", "2001:218::1"
CITY = {"geo.country.iso_code": "GB", "geo.locality.name": "London", "geo.location.lat": 51.5}


def looked_up(content: bytes | None, *addresses: str) -> Looked:
    """The facts of addresses by the database that lies there."""
    s3 = FakeS3({"b": {} if content is None else {"reference/geoip.mmdb": content}})
    clock = Clock()
    kind = GeoIp(ReferenceFiles(cast("Any", s3), "b", clock, SECONDS, clock.backoff()))
    return kind.look_up([Want("geoip", "geoip", address) for address in addresses], clock.remaining)


def test_addresses() -> None:
    """What the database knows of an address, of either kind; of what it knows nothing there is no fact."""
    facts = looked_up(cities(), LONDON_AT, TOKYO_AT, "8.8.8.8").facts
    assert {LONDON_AT: CITY, TOKYO_AT: {"geo.country.iso_code": "JP"}} == {
        each.key: fact for each, fact in facts.items()
    }


def test_a_record_of_nothing_that_is_known() -> None:
    """A record without any of the attributes is no fact."""
    assert {} == looked_up(database({"81.2.69.0/24": {"autonomous_system_number": 1}}), LONDON_AT).facts


def test_a_database_of_ipv4() -> None:
    """It knows nothing of IPv6, and that is no failure."""
    facts = looked_up(database({"81.2.69.0/24": LONDON}, 4), LONDON_AT, TOKYO_AT).facts
    assert [CITY] == [*facts.values()]


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 200), slice(0, -100), slice(300, None), slice(None, None, -1)])
def test_a_broken_database(cut: slice) -> None:
    """It is out of reach, and said to be broken."""
    (fact,) = looked_up(cities()[cut], LONDON_AT).facts.values()
    assert isinstance(fact, Unavailable)
    assert "reference/geoip.mmdb cannot be read: it is no whole database" in fact.detail


def test_a_database_that_is_damaged_within() -> None:
    """Where the damage shows with an address only, that one is out of reach; whatever happens, nothing is raised."""
    whole, seen = database({"8.8.8.0/24": LONDON}), set()
    for at in range(600, len(whole), 3):
        fact = looked_up(whole[:at] + b"\xff" + whole[at + 1 :], "8.8.8.8").facts.get(Want("geoip", "geoip", "8.8.8.8"))
        seen.add(fact.detail.partition(":")[0] if isinstance(fact, Unavailable) else type(fact).__name__)
    assert {"the database is damaged", "reference/geoip.mmdb cannot be read", "dict"} <= seen


def test_no_database() -> None:
    """It is out of reach, and said to be missing."""
    (fact,) = looked_up(None, LONDON_AT).facts.values()
    assert Unavailable("there is no object reference/geoip.mmdb; put it into the bucket b") == fact


def test_too_large_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not fit where it is kept."""
    monkeypatch.setattr("pipeline.aws.lookups.geoip.MAX_BYTES", len(cities()) - 1)
    (fact,) = looked_up(cities(), LONDON_AT).facts.values()
    assert isinstance(fact, Unavailable)
    assert f"it has more than {len(cities()) - 1:,} bytes" in fact.detail


def test_a_database_written_anew() -> None:
    """The new one answers after its time; while it is broken, the old one."""
    s3 = FakeS3({"b": {"reference/geoip.mmdb": cities()}})
    clock = Clock()
    kind = GeoIp(ReferenceFiles(cast("Any", s3), "b", clock, SECONDS, clock.backoff()))
    want = Want("geoip", "geoip", LONDON_AT)
    seen = []
    for content in (cities(), cities()[:300], database({"81.2.69.0/24": {"country": {"iso_code": "XK"}}})):
        s3.buckets["b"]["reference/geoip.mmdb"] = content
        looked = kind.look_up([want], clock.remaining)
        seen.append((looked.facts[want], bool(looked.stale)))
        clock.sleep(SECONDS)
    assert [(CITY, False), (CITY, True), ({"geo.country.iso_code": "XK"}, False)] == seen

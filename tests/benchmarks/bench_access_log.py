"""What the shipped example costs a record: access logs through their route, beside the same work by hand in one run.

Before anything is timed, both must have made the same items and lines of all of it. Then they take turns, and the best
round of each counts. Absolute times swing with the machine; the ratio holds, and is expected to be at most 2.
Run: make bench
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.core import formats
from pipeline.core.encode import cloudevent
from pipeline.core.lines import Line
from pipeline.core.log_line import LogLines
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.model import Event, Item, Want
from pipeline.model import Line as Archived
from pipeline.testing.bench import STAGES
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import kinesis_event
from tests.benchmarks import access_log_by_hand as by_hand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Processed

TYPE = "access_log.v1"
RECORDS = 2_000
ROUNDS = 9
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.1 Mobile/15E148 Safari",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "curl/8.5.0",
)
PATHS = ("/", "/shop/shoes?page=2&sort=price", "/images/logo.png", "/api/orders/4217", "/search?q=rain+coat")
# One line in fifty has something to hide besides the address.
SECRETS = ("/login?token=abc123def", "/invite?mail=ada@shop.example", "http://eve:hunter2@proxy.example:8080/x?y=1")
STATUSES = (200, 200, 200, 200, 304, 301, 404, 503)


def lines() -> list[str]:
    """Lines as a web server writes them, in the combined format."""
    written = []
    for n in range(RECORDS):
        path = SECRETS[n // 50 % len(SECRETS)] if n % 50 == 0 else PATHS[n % len(PATHS)]
        address, status, agent = f"198.51.{n % 100}.{n % 250}", STATUSES[n % len(STATUSES)], AGENTS[n % len(AGENTS)]
        at = f"23/Nov/2026:10:{n // 60 % 60:02}:{n % 60:02} +0100"
        referer = "-" if n % 3 == 0 else "https://www.shop.example/shoes"
        written.append(f'{address} - - [{at}] "GET {path} HTTP/1.1" {status} {n} "{referer}" "{agent}"\n')
    return written


def events() -> dict[str, Any]:
    """The batch that becomes of them, as Lambda delivers it."""
    log = LogLines(
        "//web-1/access.log",
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        to_utc=lambda at: at.replace(tzinfo=UTC),
        event_type=TYPE,
        format="apache",
    )
    read_lines = formats.framing("apache").feed("".join(lines()).encode())
    made = [log.read(each).record for each in read_lines if isinstance(each, Line)]
    return kinesis_event(*(orjson.dumps(cloudevent(each)) for each in made if isinstance(each, Event)))


def places() -> dict[str, dict[str, Any]]:
    """Half of the addresses are known."""
    known = {"geo.country.iso_code": "SE", "geo.locality.name": "Lund", "geo.location.lat": 55.7047}
    return {f"198.51.{n % 100}.{n % 250}": known for n in range(0, RECORDS, 2)}


def main() -> None:
    """Check, time in turn, and print."""
    batch, known = events(), places()
    facts = {Want("geoip", "geoip", address): place for address, place in known.items()}

    def ours() -> Processed:
        return finish(prepare(read(batch), STAGES), facts, STAGES)

    check_equal(ours(), by_hand.run(batch, known))
    best = dict.fromkeys(("by hand", "ours"), float("inf"))
    for _ in range(ROUNDS):
        for name, run in (("by hand", lambda: by_hand.run(batch, known)), ("ours", ours)):
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    print(f"{RECORDS:,} lines of an access log, decode to encode; best of {ROUNDS}, Python {sys.version.split()[0]}")
    for name, seconds in best.items():
        print(f"  {name:<45} {seconds / RECORDS * 1e6:7.2f} µs a record")
    print(f"  {'ours to by hand':<45} {best['ours'] / best['by hand']:7.2f} times")


def check_equal(ours: Processed, theirs: tuple[Sequence[bytes], Sequence[tuple[str, bytes]]]) -> None:
    """Both made the same."""
    items, archived = theirs
    assert [] == ours.dead_letters
    assert items_of(items) == items_of([each.item for each in ours.deliveries if isinstance(each, Item)])
    assert [(partition, orjson.loads(line)) for partition, line in archived] == [
        (each.partition, orjson.loads(each.line)) for each in ours.deliveries if isinstance(each, Archived)
    ]
    assert len(items) == len(archived) == RECORDS


def items_of(written: Sequence[bytes]) -> list[Mapping[str, Any]]:
    """The items, whatever the order of their attributes."""
    return [read_item(each) for each in written]


if __name__ == "__main__":
    main()

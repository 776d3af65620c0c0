"""What outlets are told of an event, and what is too large for them."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.encode import archive_line, cloudevent
from pipeline.core.outlet import (
    Outlet,
    event_bytes,
    fault,
    message_bytes,
    outlets,
    record_bytes,
    to_bus,
    to_queue,
    to_stream,
    to_topic,
    token,
    variable,
)
from pipeline.core.route import Route, where
from pipeline.errors import Rejection, WrongDeclaration
from pipeline.model import Event, Notice, OutletKind, Position, Reason, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import Destination

RECORD = Record(Position("s", "0", "1"), {}, 0.0)
EVENT = Event("1", "//a", "log.v1", "2026-11-23T10:00:00Z", {"body": "é"}, subject="k")
KIB = 1024
# What each kind may weigh, and how that is counted.
LIMITS = [
    (to_stream("AStream"), record_bytes, 1024 * KIB),
    (to_bus("ABus"), event_bytes, 1024 * KIB),
    (to_topic("ATopic"), message_bytes, 256 * KIB),
    (to_queue("AQueue"), message_bytes, 1024 * KIB),
]


def test_told() -> None:
    """An outlet is told the event as CloudEvents JSON, with what is needed beside it."""
    body = orjson.dumps(cloudevent(EVENT))
    notice = Notice(RECORD.position, "ATopic", "1", "log.v1", "//a", "k", EVENT.time, body)
    assert notice == to_topic("ATopic")(RECORD, EVENT)
    assert "//a" == to_queue("AQueue")(RECORD, copy.replace(EVENT, subject=None)).key


@pytest.mark.parametrize(
    ("source", "given", "told"),
    [
        ("//a", None, "//a"),
        ("//a", "shop", "shop"),
        ("aws.eventbridge/aws.s3", None, "pipeline.aws.eventbridge/aws.s3"),
        ("aws.s3", "shop", "shop"),
        ("awsome", None, "awsome"),
        ("a\x00b", None, "a\\u0000b"),
    ],
)
def test_source(source: str, given: str | None, told: str) -> None:
    """The source beside the event is its own or the given one, and never one that only AWS may use."""
    notice = to_bus("ABus", source=given)(RECORD, copy.replace(EVENT, source=source))
    assert (told, source) == (notice.source, orjson.loads(notice.body)["source"])


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        (archive_line, None),
        (to_topic("ATopic"), None),
        (where(bool, to_topic("ATopic")), None),
        (to_queue("ATopic"), 'destinations[1] is to_queue("ATopic"); that is a topic: set it to to_topic("ATopic")'),
        (
            where(bool, to_bus("Other")),
            (
                'destinations[1] is to_bus("Other"), which pipeline/topology/outlets.py does not list; '
                "name one that it does (ABus, ATopic), or list it there"
            ),
        ),
    ],
)
def test_what_is_listed(destination: Destination, said: str | None) -> None:
    """An outlet that nobody listed, or as another kind, is told with the remedy, under whatever condition."""
    known = {"ATopic": OutletKind.TOPIC, "ABus": OutletKind.BUS}
    assert said == fault(Route((), (archive_line, destination, to_bus("ABus"))), known)


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\ufffe", "\uffff", "\x7f", "🐟", "\n"])
def test_characters(character: str) -> None:
    """What SQS refuses is escaped: in JSON it is the same text, and in an attribute one that is told apart."""
    event = copy.replace(EVENT, id=f"a{character}", data={"body": character})
    notice = to_queue("AQueue")(RECORD, event)
    assert {"body": character} == orjson.loads(notice.body)["data"]
    assert None is re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", notice.body.decode() + notice.id)


@pytest.mark.parametrize(("encode", "size_bytes", "limit"), LIMITS, ids=["stream", "bus", "topic", "queue"])
def test_sizes(encode: Outlet, size_bytes: Callable[[Notice], int], limit: int) -> None:
    """What is just as large as may be is told; with a byte more it is a dead letter, unless its data lie in S3."""
    spare = limit - size_bytes(encode(RECORD, copy.replace(EVENT, data={"body": ""})))
    assert limit == size_bytes(encode(RECORD, copy.replace(EVENT, data={"body": "x" * spare})))
    large = copy.replace(EVENT, data={"body": "x" * (spare + 1)})
    with pytest.raises(Rejection, match=f"{limit + 1} bytes for the {encode.kind} {encode.name}; the limit is {limit}"):
        encode(RECORD, large)
    told = orjson.loads(encode(RECORD, copy.replace(large, dataref="s3://claims/x")).body)
    assert ("s3://claims/x", False) == (told["dataref"], "data" in told)


def test_small_claimed_data() -> None:
    """Data that fit are told, wherever they were in between."""
    assert EVENT.data == orjson.loads(to_topic("ATopic")(RECORD, copy.replace(EVENT, dataref="s3://c/x")).body)["data"]


def test_a_reference_that_is_too_large() -> None:
    """When not even the envelope fits, it is a dead letter."""
    event = copy.replace(EVENT, data={}, subject="x" * 300 * KIB, dataref="s3://c/x")
    with pytest.raises(Rejection) as caught:
        to_topic("ATopic")(RECORD, event)
    assert Reason.TOO_LARGE == caught.value.reason


def test_what_is_counted() -> None:
    """Bytes of UTF-8: of a message with its attributes, an event with what is beside it, a record with its key."""
    notice = Notice(RECORD.position, "O", "ö", "t", "s", "é", "", b"12345")
    attributes = len("idStringö".encode()) + len("typeStringt") + len("sourceStrings")
    assert (5 + attributes, 5 + 1 + 1 + 14, 5 + 2) == (message_bytes(notice), event_bytes(notice), record_bytes(notice))


@given(st.text(min_size=1), st.text(min_size=1))
def test_tokens(one: str, other: str) -> None:
    """A group or deduplication id is of the characters and the length that are allowed, and of one text only."""
    assert re.fullmatch(r"[!-~]{1,128}", token(one))
    assert (token(one) == token(other)) is (one == other)


@pytest.mark.parametrize("text", ["a" * 128, "orders/42", "!}"])
def test_what_fits_is_its_own_token(text: str) -> None:
    """So that whoever reads it knows it."""
    assert text == token(text)


def test_a_hash_is_no_ones_token() -> None:
    """A text that looks like the hash of another is hashed itself."""
    assert token("a b") not in {token(token("a b")), "a b"}


@pytest.mark.parametrize("name", ["", "alerts", "Alerts.fifo", "arn:aws:sns:x", None])
@pytest.mark.parametrize("kind", OutletKind)
def test_a_wrong_name(kind: OutletKind, name: str) -> None:
    """An outlet is named by the topology; anything else fails where it is declared."""
    with pytest.raises(WrongDeclaration, match=rf"to_{kind}\(.*\): name an outlet of pipeline/topology"):
        Outlet(kind, name)


def test_outlets_of_routes() -> None:
    """Those that routes name are found behind every condition."""
    routes = [
        Route((), (archive_line, to_bus("ABus"), where(bool, where(bool, to_topic("ATopic"))))),
        Route((), (where(bool, archive_line),)),
    ]
    assert ["ABus", "ATopic"] == [each.name for each in outlets(routes)]


def test_variable() -> None:
    """Names of several words and of digits."""
    assert ("OUTLET_ABUS", "OUTLET_ALERTS_TOPIC", "OUTLET_A1_B2") == (
        variable("ABus"),
        variable("AlertsTopic"),
        variable("A1B2"),
    )

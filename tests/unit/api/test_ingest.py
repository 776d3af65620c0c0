from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from pipeline.api.ingest import MAX_FAULTS
from pipeline.core.aggregate import BUCKETS, bucket_names, bucket_of
from pipeline.core.submission import MAX_BODY_BYTES, MAX_EVENTS
from pipeline.testing.api_events import api_event
from pipeline.testing.kinesis import FakeStream, Refuse
from pipeline.testing.lambda_events import log_event
from tests.unit.api.bench import BATCH, CLOUDEVENT, JSON, NDJSON, Answer, Bench, change, unpacked

INVALID = log_event("bad", severity_number=99)
SEVERITY = {
    "pointer": "/data/severity_number",
    "reason": "schema_invalid",
    "detail": "the value is greater than the maximum of 24 [maximum]",
}


def bare(bench: Bench, body: object, name: str = "log.v1", **headers: str) -> Answer:
    """POST /events/{name}."""
    sent = {"Content-Type": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return bench.answer(api_event("POST", "/events/{name}", {"name": name}, headers=sent, body=orjson.dumps(body)))


def change_of(key: str) -> dict[str, Any]:
    """A change whose state no item can hold, wherever its data lie: its key is a part of it."""
    event = change("orders", "7", 1, {"order_id": "7"})
    event["data"]["key"] = {"order_id": key}
    return event


def lines(*events: object) -> bytes:
    return b"\n".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in events)


# what is accepted -----------------------------------------------------------------------------------------------------


def test_one_event() -> None:
    """An event is accepted with its id, and lies on the stream as it was."""
    bench, event = Bench(), log_event("e-1", key="web-1", attributes={"n": 1})
    answer = bench.post(event)
    assert (202, {"accepted": 1, "ids": ["e-1"]}) == (answer.status, answer.body)
    assert [event] == bench.put
    assert [bucket_of(b"web-1", bucket_names(BUCKETS))] == [each.partition_key for each in bench.stream.records]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (orjson.dumps([log_event("a"), log_event("b")]), BATCH),
        (lines(log_event("a"), b"", log_event("b"), b" \r"), NDJSON),
        (lines(log_event("a"), log_event("b")).replace(b"\n", b"\r\n"), NDJSON),
    ],
)
def test_several_events(body: bytes, media_type: str) -> None:
    """A batch and NDJSON are accepted with the ids in their order; blank lines are none."""
    bench = Bench()
    answer = bench.post(body, media_type)
    assert (202, {"accepted": 2, "ids": ["a", "b"]}) == (answer.status, answer.body)
    assert ["a", "b"] == [each["id"] for each in bench.put]


def test_an_empty_batch() -> None:
    """A batch of nothing is accepted; nothing is called."""
    bench = Bench()
    answer = bench.post([], BATCH)
    assert (202, {"accepted": 0, "ids": []}) == (answer.status, answer.body)
    assert [] == bench.stream.calls


def test_gzip() -> None:
    """A gzip body is read as what is in it."""
    bench = Bench()
    answer = bench.post(gzip.compress(orjson.dumps(log_event("a"))), Content_Encoding="gzip")
    assert (202, ["a"]) == (answer.status, answer.body["ids"])


@pytest.mark.parametrize("media_type", ["Application/CloudEvents+JSON; charset=UTF-8", f'{CLOUDEVENT};charset="utf-8"'])
def test_media_type_parameters(media_type: str) -> None:
    """A media type is told whatever its case, and with the charset that JSON has."""
    assert 202 == Bench().post(log_event(), media_type).status


def test_order_per_key() -> None:
    """Events of a key are accepted in the order of the request, also where the stream refuses some at first."""
    stream = FakeStream([Refuse(frozenset({0})), Refuse(frozenset({1}))])
    bench = Bench(stream)
    events = [log_event(f"{key}-{n}", key=key) for n in range(3) for key in ("a", "b")]
    assert 202 == bench.post(events, BATCH).status
    accepted = [orjson.loads(data)["id"] for each in stream.records for data in unpacked(each)]
    assert [["a-0", "a-1", "a-2"], ["b-0", "b-1", "b-2"]] == [
        [each for each in accepted if each.startswith(key)] for key in ("a", "b")
    ]


def test_an_event_without_a_time() -> None:
    """It gets the time of the request."""
    bench = Bench()
    bench.post({name: value for name, value in log_event().items() if name != "time"})
    assert ["2025-11-24T16:00:00.250000Z"] == [each["time"] for each in bench.put]


def test_bare_data() -> None:
    """The data alone become an event of the type in the path; the headers say the rest."""
    bench = Bench()
    headers = {"Idempotency-Key": '"key-1"', "ce-subject": "web%2D1%20%C3%A9", "ce-source": "//web-1"}
    answer = bare(bench, {"body": "x"}, **headers, ce_time="2026-11-23T10:00:00Z", traceparent="00-0af-b7-01")
    assert (202, {"accepted": 1, "ids": ["key-1"]}) == (answer.status, answer.body)
    assert [
        {
            "specversion": "1.0",
            "id": "key-1",
            "source": "//web-1",
            "type": "log.v1",
            "time": "2026-11-23T10:00:00Z",
            "subject": "web-1 é",
            "traceparent": "00-0af-b7-01",
            "data": {"body": "x"},
        }
    ] == bench.put


def test_bare_data_without_headers() -> None:
    """An id is made, the source is the API's, the time is that of the request."""
    bench = Bench()
    assert ["made-1"] == bare(bench, {"body": "x"}).body["ids"]
    assert [("//api", "2025-11-24T16:00:00.250000Z")] == [(each["source"], each["time"]) for each in bench.put]


def test_the_same_id_twice() -> None:
    """Sent twice, an event is on the stream twice under one id, and under one key in the table."""
    bench = Bench()
    for _ in range(2):
        assert 202 == bench.post(log_event("same")).status
    bench.store(*bench.put)
    assert 2 == len(bench.put)
    assert {("event#same", "event")} == bench.table.items.keys()


# what is refused ------------------------------------------------------------------------------------------------------


def test_every_error() -> None:
    """All that is wrong with an event is said, each with its pointer; nothing is put."""
    bench = Bench()
    event = {**log_event(""), "specversion": "0.3", "data": {"severity_number": 99, "a/b~c": 1}}
    del event["source"]
    answer = bench.post(event)
    assert (400, "Bad Request", []) == (answer.status, answer.body["title"], bench.stream.calls)
    assert [
        ("", '"source" is a required property [required]'),
        ("/specversion", '"1.0" was expected [const]'),
        ("/id", "the value is shorter than 1 character [minLength]"),
        ("/data/severity_number", "the value is greater than the maximum of 24 [maximum]"),
        ("/data", "Additional properties are not allowed ('a/b~c' was unexpected) [additionalProperties]"),
        ("/data", '"body" is a required property [required]'),
    ] == [(each["pointer"], each["detail"]) for each in answer.body["errors"]]
    assert {0} == {each["index"] for each in answer.body["errors"]}


def test_part_is_refused() -> None:
    """The others are put, and each has its result in the order of the request."""
    bench = Bench()
    answer = bench.post(lines(log_event("a"), INVALID, b'{"id": "c",', log_event("d")), NDJSON)
    assert 207 == answer.status
    assert (2, 2, 0) == (answer.body["accepted"], answer.body["refused"], answer.body["unsent"])
    results = answer.body["results"]
    assert [(0, "a", 202), (1, "bad", 400), (2, None, 400), (3, "d", 202)] == [
        (each["index"], each["id"], each["status"]) for each in results
    ]
    assert [[], [SEVERITY], ["not_json"], []] == [
        [each["reason"] for each in one["errors"]] if one["id"] is None else one["errors"] for one in results
    ]
    assert ["a", "d"] == [each["id"] for each in bench.put]
    assert "Retry-After" not in answer.headers


def test_all_are_refused() -> None:
    """One problem has the errors of all, each with its place."""
    answer = Bench().post([INVALID, 7], BATCH)
    assert 400 == answer.status
    assert [(0, "schema_invalid"), (1, "not_an_event")] == [
        (each["index"], each["reason"]) for each in answer.body["errors"]
    ]
    assert "2 of 2 events refused; nothing was accepted" == answer.body["detail"]
    assert "errors_left_out" not in answer.body


def test_errors_are_bounded() -> None:
    """However many there are, so many are listed, and it is said how many are not."""
    answer = Bench().post([{"id": 7}] * 100, BATCH)
    assert (MAX_FAULTS, 500 - MAX_FAULTS) == (len(answer.body["errors"]), answer.body["errors_left_out"])
    mixed = Bench().post([log_event(), *[{"id": 7}] * 100], BATCH)
    assert MAX_FAULTS == sum(len(each["errors"]) for each in mixed.body["results"])


def test_bare_data_that_are_refused() -> None:
    """Pointers lead into the data that were sent; what is wrong with a header is told by the attribute."""
    bench = Bench()
    answer = bare(bench, {"body": "x", "severity_number": 99}, ce_subject="s" * 2000)
    assert [("", "attribute subject: "), ("/severity_number", "the value is greater")] == [
        (
            each["pointer"],
            each["detail"][: len("the value is greater") if each["pointer"] else len("attribute subject: ")],
        )
        for each in answer.body["errors"]
    ]
    (unknown,) = bare(bench, {"body": "x"}, "logs").body["errors"]
    assert unknown["detail"].startswith("attribute type: type 'logs' has no schema; did you mean log.v")
    assert 400 == bare(bench, [], "log.v1").status
    assert [] == bench.stream.calls


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (log_event(attributes={"n": 1e300}), "number_out_of_range"),
        ({**log_event(), "time": "2026-11-23T23:59:60Z"}, "time_invalid"),
        ({**log_event(), "id": "é" * 500}, "not_an_event"),
        ({**log_event(), "data": None, "dataref": "s3://claims/x"}, "not_an_event"),
        (change_of("x" * 500_000), "too_large"),
    ],
)
def test_what_the_consumer_would_refuse(event: dict[str, Any], reason: str) -> None:
    """What would become a dead letter on its way is refused here, with the reason that it would have there."""
    bench = Bench()
    answer = bench.post(event)
    assert (413 if reason == "too_large" else 400) == answer.status
    assert ([reason], []) == ([each["reason"] for each in answer.body["errors"]], bench.stream.calls)


@pytest.mark.parametrize("size", [500_000, 1_100_000])
def test_an_event_that_is_too_large_to_travel(size: int) -> None:
    """Its data are left in S3 before anything is put, and the reference travels; its neighbours go as ever."""
    bench = Bench()
    events = [log_event("a", key="k"), log_event("big", key="k", body="x" * size), log_event("b", key="k")]
    answer = bench.post(events, BATCH)
    assert (202, ["a", "big", "b"]) == (answer.status, answer.body["ids"])
    ((claim, body),) = bench.claims.left.items()
    assert {"body": "x" * size} == orjson.loads(body)
    assert ["a", "big", "b"] == [each["id"] for each in bench.put]
    assert [None, f"s3://claims/{claim.key}", None] == [each.get("dataref") for each in bench.put]


def test_an_event_that_is_too_large_for_good() -> None:
    """What no claim makes smaller is a 413 of its own; its neighbours go."""
    bench = Bench()
    answer = bench.post([change_of("x" * 500_000), log_event("small")], BATCH)
    assert [413, 202] == [each["status"] for each in answer.body["results"]]
    assert (["small"], {}) == ([each["id"] for each in bench.put], bench.claims.left)


def test_many_events_of_one_key() -> None:
    """They share records of the stream, in few calls, and stay in their order; each has its own result."""
    bench = Bench()
    events = [log_event(f"e-{n}", key="web-1") for n in range(1000)]
    answer = bench.post(events, BATCH)
    assert (202, 1000) == (answer.status, answer.body["accepted"])
    assert [each["id"] for each in events] == [each["id"] for each in bench.put]
    assert len(bench.stream.calls) <= 4


def test_events_of_a_type_that_shares_nothing() -> None:
    """They go one by one, under their subject, in their order."""
    bench = Bench()
    changes = [change("orders", "7", version, {"order_id": "7"}) for version in (1, 2, 3)]
    assert 202 == bench.post(changes, BATCH).status
    assert [["orders/7"]] * 3 == [[each.partition_key for each in call] for call in bench.stream.calls]
    assert changes == bench.put


@pytest.mark.parametrize(
    ("body", "media_type", "headers", "status", "reason"),
    [
        (b"", CLOUDEVENT, {}, 400, "not_json"),
        (b" \n ", NDJSON, {}, 400, "not_json"),
        (b"{", CLOUDEVENT, {}, 400, "not_json"),
        (b"\xff", CLOUDEVENT, {}, 400, "not_utf8"),
        (b"[" * 99 + b"]" * 99, CLOUDEVENT, {}, 400, None),
        (b"[" * 2000 + b"]" * 2000, CLOUDEVENT, {}, 400, "too_deep"),
        (b"{}", BATCH, {}, 400, "not_an_event"),
        (b'{"id":1,"id":2}', CLOUDEVENT, {}, 400, "duplicate_key"),
        (b"{}\n" * (MAX_EVENTS + 1), NDJSON, {}, 413, "too_large"),
        (b"[" + b"0," * MAX_EVENTS + b"0]", BATCH, {}, 413, "too_large"),
        (b"x" * (MAX_BODY_BYTES + 1), CLOUDEVENT, {}, 413, "too_large"),
        (b"x" * MAX_BODY_BYTES, CLOUDEVENT, {}, 400, "not_json"),
        (b"{}", CLOUDEVENT, {"Content_Encoding": "gzip"}, 400, "gzip_corrupt"),
        (gzip.compress(b"{}")[:-1], CLOUDEVENT, {"Content_Encoding": "gzip"}, 400, "gzip_corrupt"),
        (gzip.compress(b" " * 30_000_000), CLOUDEVENT, {"Content_Encoding": "gzip"}, 413, "too_large"),
        (b"{}", CLOUDEVENT, {"Content_Encoding": "br"}, 415, None),
        (b"{}", JSON, {}, 415, None),
        (b"{}", "text/plain", {}, 415, None),
        (b"{}", "", {}, 415, None),
        (b"{}", f"{CLOUDEVENT}; charset=latin-1", {}, 415, None),
    ],
)
def test_bodies_that_are_not_read(
    body: bytes, media_type: str, headers: dict[str, str], status: int, reason: str | None
) -> None:
    """A body that cannot be read is refused as a whole, with a reason where it is the body's fault."""
    bench = Bench()
    answer = bench.post(body, media_type, **headers)
    assert (status, reason, []) == (answer.status, answer.body.get("reason"), bench.stream.calls)


def test_a_gzip_within_its_ratio_that_is_too_large() -> None:
    """What comes out of a gzip has the limit of a body, too."""
    noisy = b"".join(b"%d," % (number * 7919 % 1_000_003) for number in range(700_000))
    answer = Bench().post(gzip.compress(noisy, 1), Content_Encoding="gzip")
    assert (413, "too_large") == (answer.status, answer.body["reason"])
    assert f"the gzip holds {len(noisy)} bytes; the limit is {MAX_BODY_BYTES}" == answer.body["detail"]


def test_what_is_accepted_is_told() -> None:
    """A media type or an encoding that is not read is answered with those that are."""
    assert f"{CLOUDEVENT}, {BATCH}, {NDJSON}" == Bench().post(b"{}", JSON).headers["Accept-Post"]
    assert "gzip" == Bench().post(b"{}", Content_Encoding="br").headers["Accept-Encoding"]


def test_a_body_that_is_too_large_is_not_decoded() -> None:
    """Its base64 tells enough: rubbish of that length is too large rather than rubbish."""
    event = api_event("POST", "/events", headers={"Content-Type": CLOUDEVENT}, body=b"")
    assert 413 == Bench().answer({**event, "body": "?" * 6_000_000}).status
    assert 400 == Bench().answer({**event, "body": "?"}).status


def test_text_that_is_not_base64() -> None:
    """A body can come as text."""
    event = api_event("POST", "/events", headers={"Content-Type": CLOUDEVENT}, body=b"")
    text = orjson.dumps(log_event("é")).decode()
    assert 202 == Bench().answer({**event, "body": text, "isBase64Encoded": False}).status
    assert 400 == Bench().answer({**event, "body": None, "isBase64Encoded": False}).status


@pytest.mark.parametrize("header", ["Idempotency-Key", "ce-subject"])
def test_headers_that_are_no_text(header: str) -> None:
    """A header that is not Unicode is refused, encoded or not."""
    assert 400 == bare(Bench(), {"body": "x"}, **{header: "\ud800"}).status
    assert 400 == bare(Bench(), {"body": "x"}, ce_subject="%ff").status

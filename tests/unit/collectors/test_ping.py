from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.collectors.check import Checked
from pipeline.collectors.collector import Given
from pipeline.collectors.ping import Ping
from pipeline.collectors.target import MAX_CHARACTERS, Target, targets
from pipeline.errors import Misconfiguration
from pipeline.model import Event
from tests.unit.collectors import servers as behaviour
from tests.unit.collectors.taken import is_taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.collectors.servers import Servers

NOW, SEEN = 1_764_000_000.0, 1_764_000_001.5


def ping(text: str, **rest: Any) -> Ping:  # noqa: ANN401 - Ping's own
    return Ping(targets(text), "//stack-collect/ping", lambda: SEEN, **rest)


def giving(checked: Checked) -> Callable[[Target, float], Checked]:
    return lambda _target, _seconds: checked


def test_up() -> None:
    """A target that answers is a log record with OpenTelemetry's attributes, under the time of the schedule."""
    (event,) = ping("https://example.com/health", check=giving(Checked(0.1234567, 200))).collect(NOW)
    assert event == Event(
        id="ping/2025-11-24T16:00:00Z/https://example.com/health",
        source="//stack-collect/ping",
        type="log.v1",
        time="2025-11-24T16:00:00Z",
        subject="https://example.com/health",
        data={
            "body": "https://example.com/health is up (0.123 s)",
            "severity_text": "INFO",
            "severity_number": 9,
            "observed_time": "2025-11-24T16:00:01.500000Z",
            "attributes": {
                "server.address": "example.com",
                "server.port": 443,
                "network.transport": "tcp",
                "ping.outcome": "up",
                "ping.latency_seconds": 0.123457,
                "url.full": "https://example.com/health",
                "url.scheme": "https",
                "http.request.method": "GET",
                "http.response.status_code": 200,
            },
        },
    )


def test_down() -> None:
    """A target that fails is an error, with its kind and what was wrong."""
    (event,) = ping("tcp://db:5432", check=giving(Checked(2.0, None, "connection_refused", "refused"))).collect(NOW)
    assert ("ERROR", 17, "tcp://db:5432 is down: refused (2.000 s)") == tuple(
        event.data[name] for name in ("severity_text", "severity_number", "body")
    )
    assert event.data["attributes"] == {
        "server.address": "db",
        "server.port": 5432,
        "network.transport": "tcp",
        "ping.outcome": "down",
        "ping.latency_seconds": 2.0,
        "error.type": "connection_refused",
    }


@pytest.mark.parametrize(
    "checked", [Checked(0.1, 200), Checked(0.1, 500, "500", "answered 500"), Checked(9.9, None, "timeout", "x" * 200)]
)
def test_the_consumer_takes_it(checked: Checked) -> None:
    """What a check gives is what the schema asks for, also of the longest target."""
    longest = f"https://a/{'b' * (MAX_CHARACTERS - 10)}"
    for event in ping(f"{longest},tcp://[::1]:1", check=giving(checked)).collect(NOW):
        assert is_taken(event)


def test_a_retry() -> None:
    """The same time of the schedule gives the same ids, another time others; each target has its own."""
    collector = ping("tcp://a:1,tcp://a:2", check=giving(Checked(0.1)))
    first, again, later = ([each.id for each in collector.collect(at)] for at in (NOW, NOW, NOW + 60))
    assert first == again
    assert 4 == len({*first, *later})


def test_a_check_that_breaks() -> None:
    """A bug in one check, or a name that is resolved for ever, leaves the others their events."""
    over = threading.Event()

    def breaks(target: Target, seconds: float) -> Checked:
        if target.host == "bug":
            raise ValueError("secret")
        if target.host == "hangs":
            over.wait(30)
        return Checked(seconds)

    collector = ping("tcp://bug:1,tcp://hangs:1,tcp://good:1", check=breaks, seconds=1.0)
    bodies = [str(each.data["body"]) for each in collector.collect(NOW)]
    over.set()
    assert bodies == [
        "tcp://bug:1 is down: the check failed: ValueError (1.000 s)",
        "tcp://hangs:1 is down: did not end within 1.5 s (1.000 s)",
        "tcp://good:1 is up (1.000 s)",
    ]


@pytest.mark.loopback
def test_good_and_bad_ones(servers: Servers) -> None:
    """Real targets, of which most hang or fail: all are told, in their order, and in the time of one."""
    good = servers.says(behaviour.OK)
    ports = [
        servers.start(each) for each in (behaviour.silent, good, behaviour.drips, servers.says(behaviour.DOWN), good)
    ]
    text = ",".join([*(f"http://127.0.0.1:{port}/" for port in ports), f"tcp://127.0.0.1:{servers.dead()}"])
    events = ping(text, seconds=3.0).collect(NOW)
    attributes: list[Any] = [each.data["attributes"] for each in events]
    assert ["timeout", None, "timeout", "500", None, "connection_refused"] == [
        each.get("error.type") for each in attributes
    ]
    assert all(each["ping.latency_seconds"] < 6 for each in attributes)


def test_of_the_variables() -> None:
    """The targets are those of the variable; none is fine, and a wrong one is refused."""
    given = Given({"PING_TARGETS": "tcp://a:1, tcp://b:2"}, "//f", lambda: SEEN)
    made = Ping.of(given)
    assert (["a", "b"], "//f/ping") == ([each.host for each in made.targets], made.source)
    for nothing in ({}, {"PING_TARGETS": ""}):
        assert [] == Ping.of(Given(nothing, "//f", lambda: SEEN)).collect(NOW)
    with pytest.raises(Misconfiguration, match="target 1 of PingTargets"):
        Ping.of(Given({"PING_TARGETS": "example.com"}, "//f", lambda: SEEN))

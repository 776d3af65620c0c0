"""Syslog of both standards, as it is sent and as it stands in files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.parsed import LocalTime, Parsed
from pipeline.core.formats.syslog import SEVERITIES, parse
from pipeline.core.lines import Line
from pipeline.errors import InputError
from pipeline.transforms.severity import number_of

LOCAL = LocalTime(lambda local: local.replace(tzinfo=UTC), datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
AT = "2026-11-23T10:00:00.003Z"


def read(text: str) -> Parsed:
    return parse(Line(1, 0, text.encode()), LOCAL)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f'<165>1 {AT} web-1 app 711 ID47 [a@32473 k="v" q="\\"\\]\\\\ \\n]"][b x=""] it runs',
            Parsed(
                AT,
                "it runs",
                "notice",
                10,
                {
                    "syslog.facility.code": 20,
                    "syslog.version": 1,
                    "syslog.msgid": "ID47",
                    "syslog.a@32473.k": "v",
                    "syslog.a@32473.q": '"]\\ \\n]',
                    "syslog.b.x": "",
                },
                {"host.name": "web-1", "service.name": "app", "process.pid": 711},
            ),
        ),
        (
            "<0>1 - - - - - -",
            Parsed(None, "", "emerg", 21, {"syslog.facility.code": 0, "syslog.version": 1}),
        ),
        (
            f"<11>1 {AT} h a p-1 - - \ufeffé",
            Parsed(
                AT,
                "é",
                "err",
                17,
                {"syslog.facility.code": 1, "syslog.version": 1, "syslog.procid": "p-1"},
                {"host.name": "h", "service.name": "a"},
            ),
        ),
        (
            f'<11>1 {AT} - - - - [origin ip="192.0.2.1" ip="192.0.2.2" ip="192.0.2.3" swVersion="2"]',
            Parsed(
                AT,
                "",
                "err",
                17,
                {
                    "syslog.facility.code": 1,
                    "syslog.version": 1,
                    "client.address": ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
                },
                {"service.version": "2"},
            ),
        ),
        (
            "<34>Nov 23 10:00:00 web-1 su[711]: 'su root' failed",
            Parsed(
                "2026-11-23T10:00:00Z",
                "'su root' failed",
                "crit",
                18,
                {"syslog.facility.code": 4},
                {"host.name": "web-1", "service.name": "su", "process.pid": 711},
            ),
        ),
        (
            "Nov 23 10:00:00 web-1 kernel: ERROR: bad block",
            Parsed(
                "2026-11-23T10:00:00Z",
                "ERROR: bad block",
                "ERROR",
                resource={"host.name": "web-1", "service.name": "kernel"},
            ),
        ),
        (
            "2026-11-23T10:00:00.123456+01:00 web-1 postfix/smtpd[x1]: lost",
            Parsed(
                "2026-11-23T10:00:00.123456+01:00",
                "lost",
                attributes={"syslog.procid": "x1"},
                resource={"host.name": "web-1", "service.name": "postfix/smtpd"},
            ),
        ),
        (
            "<13>Nov  3 10:00:00 app: no host",
            Parsed(
                "2026-11-03T10:00:00Z",
                "no host",
                "notice",
                10,
                {"syslog.facility.code": 1},
                {"service.name": "app"},
            ),
        ),
        (
            "Nov 23 10:00:00 fe80::1 last message repeated 2 times",
            Parsed("2026-11-23T10:00:00Z", "last message repeated 2 times", resource={"host.name": "fe80::1"}),
        ),
        (
            "Nov 23 10:00:00 h Web Content[7]: x",
            Parsed("2026-11-23T10:00:00Z", "Web Content[7]: x", resource={"host.name": "h"}),
        ),
        ("Nov 23 10:00:00 alone", Parsed("2026-11-23T10:00:00Z", "alone")),
        (
            "Nov 23 10:00:00 h app:",
            Parsed("2026-11-23T10:00:00Z", "", resource={"host.name": "h", "service.name": "app"}),
        ),
        ("Nov 23 10:00:00: %SYS-5-CONFIG", Parsed("2026-11-23T10:00:00Z", " %SYS-5-CONFIG")),
    ],
    ids=[
        "RFC 5424",
        "says nothing",
        "byte order mark",
        "origin",
        "RFC 3164",
        "in a file",
        "in a file, full time",
        "no host",
        "no program",
        "program with a blank",
        "one word",
        "no text",
        "no blank",
    ],
)
def test_lines(line: str, expected: Parsed) -> None:
    """The text is the body; who said it is the resource; what else the header says are attributes."""
    assert expected == read(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no header of syslog"),
        ("text", "no header of syslog"),
        ("<34>text", "no header of syslog"),
        ("<034>Nov 23 10:00:00 h a: x", "no header of syslog"),
        ("<192>Nov 23 10:00:00 h a: x", "a priority is at most 191"),
        ("<34>Nov 31 10:00:00 h a: x", "there is no such time"),
        ("<34>Xxx 23 10:00:00 h a: x", "there is no such time"),
        ("2026-11-23T10:00:00.000Z may be anything's", "no header of syslog"),
        ("<34>1 2026-13-23T10:00:00Z h a p m - x", "there is no such time"),
        ("<34>1 noon h a p m - x", "there is no such time"),
        (f"<34>1 {AT} h a p m -x", "no header of syslog"),
        (f"<34>1 {AT} h a p m [a", "the structured data is broken at character 41"),
        (f'<34>1 {AT} h a p m [a k="v"', "the structured data is broken at character 47"),
        (f'<34>1 {AT} h a p m [a k="] x', "the structured data is broken at character 41"),
        (f"<34>1 {AT} h a p m [a]x", "the structured data is broken at character 42"),
        (f"<34>1 {AT} h a p m [", "the structured data is broken at character 39"),
    ],
)
def test_what_is_no_syslog(line: str, why: str) -> None:
    """It is said what is wrong, and where."""
    with pytest.raises(InputError, match=why):
        read(line)


def test_severities_are_those_of_the_pipeline() -> None:
    """A severity by its number and by its name is the same."""
    assert [number for _, number in SEVERITIES] == [number_of(name) for name, _ in SEVERITIES]


NAME = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32).filter(lambda x: x != "-")
SD_NAME = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='="]'), min_size=1, max_size=32)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n"))


@given(
    st.integers(0, 191),
    st.lists(NAME, min_size=4, max_size=4),
    st.dictionaries(SD_NAME, st.dictionaries(SD_NAME, TEXT, min_size=1, max_size=3), max_size=3),
    TEXT,
)
def test_what_is_written_is_read(priority: int, names: list[str], data: dict[str, dict[str, str]], text: str) -> None:
    """Whatever is written by RFC 5424 is what is read."""
    host, program, process, kind = names
    data.pop("origin", None)

    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")

    elements = "".join(
        f"[{each}{''.join(f' {name}="{escaped(value)}"' for name, value in values.items())}]"
        for each, values in data.items()
    )
    found = read(f"<{priority}>1 {AT} {host} {program} x{process} {kind} {elements or '-'} \ufeff{text}")

    assert (AT, text, SEVERITIES[priority % 8]) == (
        found.time,
        found.body,
        (found.severity_text, found.severity_number),
    )
    assert {"host.name": host, "service.name": program} == found.resource
    assert {"code": priority // 8, "procid": f"x{process}", "msgid": kind}.items() <= {
        name.removeprefix("syslog.facility.").removeprefix("syslog."): value for name, value in found.attributes.items()
    }.items()
    names_of_data = {f"syslog.{each}.{name}" for each, values in data.items() for name in values}
    assert names_of_data <= found.attributes.keys()

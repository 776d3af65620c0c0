"""The format of an input, by its beginning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import formats
from pipeline.core.formats.detect import SAMPLE_BYTES, detect

SAMPLES = {
    "ndjson": ['{"level":"info","msg":"started"}', '{"level":"warn","msg":"a=b, c"}', '{"level":"info"}'],
    "json": ["[", '  {"level": "info", "msg": "started"},', '  {"level": "warn"}', "]"],
    "syslog": [
        "<34>1 2026-11-23T10:00:00.003Z web-1 su 711 ID47 - failed user=eve",
        '<165>1 2026-11-23T10:00:01Z web-1 app - - [a@32473 k="v"] runs',
    ],
    "apache": [
        '10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8"',
        '10.0.0.2 - - [23/Nov/2026:10:00:01 +0000] "POST /b HTTP/1.1" 500 7 "-" "curl/8"',
    ],
    "cloudwatch": [
        "2026-11-23T10:00:00.000Z START RequestId: 7a1c Version: $LATEST",
        "2026-11-23T10:00:00.120Z Traceback (most recent call last):",
        '  File "/var/task/app.py", line 7, in handler',
        "ValueError: total=1",
        "2026-11-23T10:00:00.121Z END RequestId: 7a1c",
    ],
    "logfmt": [
        'time=2026-11-23T10:00:00Z level=info msg="started, at last"',
        "time=2026-11-23T10:00:01Z level=warn msg=slow cached",
    ],
    "csv": ["time,level,text", "2026-11-23T10:00:00Z,info,started", '2026-11-23T10:00:01Z,warn,"slow, and ""late"""'],
    "plain": ["2026-11-23 10:00:00,123 INFO started", "2026-11-23 10:00:01,456 WARN slow, and late"],
}
OTHERS = {
    "common": ("apache", ['h - eve [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 -']),
    "nginx with more behind": ("apache", ['h - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 1 "-" "-" "-"']),
    "syslog that is sent": ("syslog", ["<34>Nov 23 10:00:00 web-1 su[711]: failed"]),
    "syslog of a file": ("syslog", ["Nov 23 10:00:00 web-1 su[711]: failed", "Nov 23 10:00:01 web-1 CRON[7]: a=b c=d"]),
    "syslog of a file, full time": ("syslog", ["2026-11-23T10:00:00.123456+01:00 web-1 su[711]: failed"]),
    "journalctl": (
        "syslog",
        ["2026-11-23T10:00:00+0100 h kernel: Linux", "-- Boot 7 --", "2026-11-23T10:00:01+0100 h systemd[1]: Started."],
    ),
    "array in a line": ("json", ['[{"a":1},{"b":2}]']),
    "arrays, one a line": ("json", ['[{"a":1}]', '[{"b":2}]']),
    "indented objects": ("json", ["{", '  "a": 1', "}", "{", '  "b": 2', "}"]),
    "semicolons": ("csv", ["id;name", "1;eve", "2;bob"]),
    "tabs": ("csv", ["id\tname", "1\teve", "2\tbob"]),
    "blank lines": ("ndjson", ["", '{"a":1}', "", "", '{"b":2}']),
    "a few lines that are none": ("ndjson", ['{"a":1}', "starting", '{"b":2}', '{"c":3}']),
    "half of the lines": ("plain", ['{"a":1}', "starting"]),
    "numbers": ("plain", ["[1, 2]", "[3, 4]"]),
    "a header alone": ("plain", ["id,name"]),
    "ragged": ("plain", ["id,name", "1,2,3", "4,5,6"]),
    "dpkg": ("plain", ["2025-06-24 14:36:25 startup archives unpack", "2025-06-24 14:36:25 install a:all <none> 1"]),
    "nginx errors": ("plain", ["2026/11/23 10:00:00 [error] 7#7: *1 open() failed, client: 10.0.0.1"]),
    "Java": ("plain", ["2026-11-23T10:00:00.123  INFO 7 --- [main] o.x.App : Started, in 2 s", "  at a.b(C.java:7)"]),
    "prose": ("plain", ["Hello, world", "and, so on"]),
    "commas in a log": ("plain", ["INFO a,b", "INFO c,d"]),
    "nothing": ("plain", [""]),
    "blanks": ("plain", ["  ", "\t", ""]),
}


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("name", formats.NAMES)
def test_each_format_is_found(name: str) -> None:
    """A few lines are enough, with and without the last line feed, with CRLF, and after a byte order mark."""
    sample = text(SAMPLES[name])

    assert [name] * 4 == [
        detect(sample),
        detect(sample.removesuffix(b"\n")),
        detect(sample.replace(b"\n", b"\r\n")),
        detect(b"\xef\xbb\xbf" + sample),
    ]


@pytest.mark.parametrize("expected_and_lines", OTHERS.values(), ids=OTHERS)
def test_others(expected_and_lines: tuple[str, list[str]]) -> None:
    """What most lines are is the format, and what no format reads most lines of is plain."""
    expected, lines = expected_and_lines

    assert expected == detect(text(lines))


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_long_input(name: str) -> None:
    """However long the input, the sample is judged by its whole records."""
    first, *rest = SAMPLES[name]
    lines = {"json": ["[", *['{"level":"info"},'] * 9000], "csv": [first, *rest * 9000]}
    sample = text(lines.get(name, SAMPLES[name] * 9000))

    assert len(sample) > SAMPLE_BYTES
    assert name == detect(sample)
    assert name == detect(sample[:10_000])


def test_a_line_of_ndjson_that_breaks_off() -> None:
    """It does not make of all lines behind it one object over several lines."""
    lines = [f'{{"n":{n}}}' for n in range(40)]
    assert "ndjson" == detect(text([*lines[:20], '{"n":', *lines[20:]]))
    assert "plain" == detect(text([line for each in lines for line in (each, '{"n":')]))


@pytest.mark.parametrize("sample", [b"", b"\0\xff\xfe", "Grüße".encode("latin-1"), b"[" * 100_000, b'"' * 100_000])
def test_no_text(sample: bytes) -> None:
    """What is no text, or nothing, is plain."""
    assert "plain" == detect(sample)


@given(st.binary() | st.text().map(str.encode))
def test_any_input_has_a_format(sample: bytes) -> None:
    """Whatever the bytes, a format is named, and the same one every time."""
    assert detect(sample) in formats.NAMES
    assert detect(sample) == detect(sample)

r"""Syslog, as it is sent (with the priority) and as it stands in files (without it).

    <165>1 2026-11-23T10:00:00.003Z web-1 app 711 ID47 [a@32473 k="v"] text      RFC 5424
    <34>Nov 23 10:00:00 web-1 su[711]: text                                      RFC 3164
    Nov 23 10:00:00 web-1 su[711]: text                                          rsyslog's traditional file format
    2026-11-23T10:00:00.123456+01:00 web-1 su[711]: text                         rsyslog's file format, and journalctl's

The body is the text behind the header; host, program and process are the resource; structured data and what else the
header says are attributes. The names are those of OpenTelemetry's mapping (logs data model, appendix A, "RFC5424
Syslog"), and so are the severity numbers (appendix B). Without a priority, the severity is what the text names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core import line_time
from pipeline.core.formats.parsed import Parsed, text_of
from pipeline.core.formats.plain import severity
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.core.formats.parsed import LocalTime
    from pipeline.core.lines import Line
    from pipeline.model import Json

# RFC 5424, section 6.2.1: the name by number, and OpenTelemetry's number for it.
SEVERITIES: Final = (
    ("emerg", 21),
    ("alert", 19),
    ("crit", 18),
    ("err", 17),
    ("warning", 13),
    ("notice", 10),
    ("info", 9),
    ("debug", 5),
)
MAX_PRIORITY: Final = 191
_BOM: Final = "\ufeff"

_PRIORITY: Final = re.compile(r"<(0|[1-9]\d{0,2})>", re.ASCII)
# RFC 5424, section 6: the lengths of the fields are the standard's.
_RFC_5424: Final = re.compile(
    r"([1-9]\d{0,2}) (\S{1,64}) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (?:-(?= |\Z)|(?=\[))",
    re.ASCII,
)
_SD_NAME: Final = r'[^\s="\]]{1,32}'
_SD_PARAM: Final = re.compile(rf' ({_SD_NAME})="([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_SD_ID: Final = re.compile(rf"\[({_SD_NAME})")
_SD_ESCAPE: Final = re.compile(r'\\(["\\\]])')
# A file's time names its offset: what ends with a Z may as well be any application's.
_FILE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?[+-]\d\d:?\d\d ", re.ASCII)
_MONTH: Final = re.compile(r"[A-Z][a-z]{2} [ \d]\d ", re.ASCII)
# A program has a colon behind it; a host has none, but for the ones within an IPv6 address.
_HOST: Final = re.compile(r" ([^\s\[\]]{0,254}[^\s\[\]:])(?= )")
_PROGRAM: Final = re.compile(r" ([^\s:\[\]]{1,128})(?:\[([^\s\]]{1,128})\])?:(?: |\Z)")


def parse(line: Line, local: LocalTime) -> Parsed:
    """A line of syslog. Raises InputError, when it is none."""
    text = text_of(line)
    match = _PRIORITY.match(text)
    if match is None:
        return _rfc_3164(text, 0, local)
    priority = int(match[1])
    if priority > MAX_PRIORITY:
        raise InputError(f"a priority is at most {MAX_PRIORITY}")
    header = _RFC_5424.match(text, match.end())
    parsed = _rfc_3164(text, match.end(), local) if header is None else _rfc_5424(text, header, local)
    name, number = SEVERITIES[priority % 8]
    attributes = {"syslog.facility.code": priority // 8, **parsed.attributes}
    return parsed._replace(severity_text=name, severity_number=number, attributes=attributes)


def _rfc_5424(text: str, header: re.Match[str], local: LocalTime) -> Parsed:
    version, written, host, program, process, kind = (None if each == "-" else each for each in header.groups())
    time = line_time.of_value(written, local.to_utc)
    if time is None and written is not None:
        raise InputError("there is no such time")
    attributes: dict[str, Json] = {} if version is None else {"syslog.version": int(version)}
    if kind is not None:
        attributes["syslog.msgid"] = kind
    data, end = _structured_data(text, header.end())
    resource = _resource(host, program, process, attributes)
    versions, addresses = data.pop("origin.swVersion", None), data.pop("origin.ip", None)
    if versions is not None:
        resource["service.version"] = versions
    if addresses is not None:
        attributes["client.address"] = addresses
    attributes |= {f"syslog.{name}": value for name, value in data.items()}
    return Parsed(time, text[end + 1 :].removeprefix(_BOM), attributes=attributes, resource=resource)


def _structured_data(text: str, at: int) -> tuple[dict[str, Json], int]:
    """The parameters as `id.name`, each a text, or texts where it is there more than once; and where they end."""
    found: dict[str, Json] = {}
    while element := _SD_ID.match(text, at):
        at = element.end()
        while parameter := _SD_PARAM.match(text, at):
            _add(found, f"{element[1]}.{parameter[1]}", _SD_ESCAPE.sub(r"\1", parameter[2]))
            at = parameter.end()
        if text[at : at + 1] != "]":
            raise InputError(f"the structured data is broken at character {at}")
        at += 1
    if text[at : at + 1] not in {"", " "}:
        raise InputError(f"the structured data is broken at character {at}")
    return found, at


def _add(found: dict[str, Json], name: str, value: str) -> None:
    known = found.get(name)
    if isinstance(known, list):
        known.append(value)
    else:
        found[name] = value if known is None else [known, value]


def _rfc_3164(text: str, start: int, local: LocalTime) -> Parsed:
    """The header of a line that stands in a file, or is sent by the older rule; the host may be missing there."""
    if not _MONTH.match(text, start) and not _FILE_TIME.match(text, start):
        raise InputError("no header of syslog: neither RFC 5424 nor RFC 3164")
    stamp = line_time.stamp(text[start : start + line_time.WITHIN_CHARACTERS], local.to_utc, local.now)
    if stamp is None:
        raise InputError("there is no such time")
    at = start + stamp.end
    attributes: dict[str, Json] = {}
    host = None if _PROGRAM.match(text, at) else _HOST.match(text, at)
    at = host.end() if host else at
    program = _PROGRAM.match(text, at)
    at = program.end() if program else at + len(text[at : at + 1])
    name, process = program.groups() if program else (None, None)
    resource = _resource(host[1] if host else None, name, process, attributes)
    return Parsed(stamp.time, text[at:], severity(text[at:]), attributes=attributes, resource=resource)


def _resource(
    host: str | None, program: str | None, process: str | None, attributes: dict[str, Json]
) -> dict[str, Json]:
    """Who says it; a process that is no number is an attribute."""
    resource: dict[str, Json] = {}
    if host is not None:
        resource["host.name"] = host
    if program is not None:
        resource["service.name"] = program
    if process is not None and process.isdecimal() and process.isascii():
        resource["process.pid"] = int(process[:18])
    elif process is not None:
        attributes["syslog.procid"] = process
    return resource

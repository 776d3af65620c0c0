"""The demo's real input: log lines of this machine and of the emulator, changes of a table, and two bad records."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.core.change import key_text
from pipeline.core.lines import Line, Splitter, why_not_text
from pipeline.core.log_line import LogLines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.aws.clients import Clients
    from pipeline.core.log_line import Shipment

# Package logs first: they are readable by everybody and are there on every Debian, Fedora, Arch and macOS.
SYSTEM_LOGS: Final = (
    "/var/log/dpkg.log",
    "/var/log/dnf.rpm.log",
    "/var/log/pacman.log",
    "/var/log/install.log",
    "/var/log/apt/history.log",
    "/var/log/syslog",
    "/var/log/messages",
    "/var/log/system.log",
)
MOST_LINES: Final = 200
_TAIL_BYTES: Final = 64 * 1024
# A filter of the log.v1 route drops TRACE on purpose, so the ledger has something to count there.
TRACE_LINE: Final = "TRACE demo: a line that the route of log.v1 drops on purpose"


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that can never succeed, and the reason that its dead letter must carry."""

    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """A write to a source table; each makes one change.

    Args:
        table: the output of the stack that has its name.
        key: the item's.
        item: what is put; None deletes.
    """

    op: str
    table: str
    key: dict[str, Any]
    item: dict[str, Any] | None

    @property
    def key_text(self) -> str:
        """What the item is called by its change."""
        return key_text(self.key)


def system_log() -> Path | None:
    """The first log of this machine's system that is there, readable and not empty."""
    return next((path for path in map(Path, SYSTEM_LOGS) if last_lines(path)), None)


def last_lines(path: Path, most: int = MOST_LINES) -> list[Line]:
    """The last lines of a log, at most `most` of the last 64 KiB; none when it cannot be read."""
    try:
        with path.open("rb") as log:
            start = log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            content = log.read(_TAIL_BYTES)
    except OSError:
        return []
    if start:  # in the middle of a line
        skipped = content.find(b"\n") + 1
        start, content = start + skipped, content[skipped:]
    lines = [
        Line(each.number, start + each.offset, each.content)
        for each in Splitter(_TAIL_BYTES).feed(content)
        if isinstance(each, Line) and each.content.strip() and why_not_text(each.content, is_whole=True) is None
    ]
    return lines[-most:]


def log_lines(path: Path, name: str, most: int = MOST_LINES) -> Iterator[Shipment]:
    """The last lines of a log as events; `name` is what tells them from those of another run."""
    read = LogLines(f"//{socket.gethostname()}{path}", now=_now, to_utc=_to_utc, salt=name)
    for line in last_lines(path, most):
        yield read.read(line)


def trace_line(name: str) -> Shipment:
    """A log event that the route of log.v1 drops on purpose."""
    read = LogLines(f"//{socket.gethostname()}/demo", now=_now, to_utc=_to_utc, salt=name)
    return read.read(Line(1, 0, TRACE_LINE.encode()))


def _now() -> datetime:
    return datetime.now(UTC)


def _to_utc(local: datetime) -> datetime:
    return local.astimezone(UTC)


def bad_records(run: str) -> Sequence[Bad]:
    """One record that is not JSON, and one event whose data break the schema."""
    invalid = {
        "specversion": "1.0",
        "id": f"{run}-bad",
        "source": f"//{socket.gethostname()}/demo",
        "type": "log.v1",
        "data": {"body": "severity_number goes to 24", "severity_number": 99},
    }
    return (
        Bad("not_json", f"demo {run}: this is not JSON".encode()),
        Bad("schema_invalid", orjson.dumps(invalid)),
    )


def writes(run: str, orders: int = 4) -> list[Write]:
    """Orders that are created, paid, and (the first) deleted again; the payments lie in a table of their own."""
    numbers = range(1, orders + 1)
    made = [_put("c", "OrdersTableName", _order(f"{run}-{n}", n, "new")) for n in numbers]
    payments = [_put("c", "PaymentsTableName", _payment(f"{run}-p{n}", f"{run}-{n}", n)) for n in numbers[:-1]]
    paid = [_put("u", "OrdersTableName", _order(f"{run}-{n}", n, "paid")) for n in numbers[:-1]]
    return list(chain(made, payments, paid, [Write("d", "OrdersTableName", {"order_id": {"S": f"{run}-1"}}, None)]))


def carry_out(clients: Clients, outputs: Mapping[str, str], every: Sequence[Write]) -> None:
    """Write to the source tables, one after the other."""
    for write in every:
        if write.item is None:
            clients.dynamodb.delete_item(TableName=outputs[write.table], Key=write.key)
        else:
            clients.dynamodb.put_item(TableName=outputs[write.table], Item=write.item)


def _put(op: str, table: str, item: dict[str, Any]) -> Write:
    """The key of an item is its first attribute."""
    return Write(op, table, dict([next(iter(item.items()))]), item)


def _payment(payment_id: str, order_id: str, number: int) -> dict[str, Any]:
    return {
        "payment_id": {"S": payment_id},
        "order_id": {"S": order_id},
        "amount": {"N": f"{number * 12.35:.2f}"},
    }


def _order(order_id: str, number: int, status: str) -> dict[str, Any]:
    return {
        "order_id": {"S": order_id},
        "status": {"S": status},
        "total": {"N": f"{number * 12.35:.2f}"},
        "tags": {"SS": ["demo", f"customer-{number}"]},
    }

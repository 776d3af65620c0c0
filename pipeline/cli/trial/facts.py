"""What `--facts` gives: the facts that a dry run enriches with, in place of tables and buckets.

    facts.ndjson          {"kind": "table", "name": "customers", "key": "42", "fact": {…}} a line, or a JSON array
                          {"kind": "table", "name": "customers", "unavailable": "why"}: to try an outage; with a key,
                          of that one alone
    countries.csv=FILE    a CSV or NDJSON object, by its name
    geoip=FILE.mmdb       a GeoIP database, by its name

What is given of a name is all there is of it: another key has no such fact. Of a name of which nothing is given the
facts are out of reach, and told in the end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.errors import InputError
from pipeline.lookups import deployed, place, row, secret
from pipeline.lookups.rows import read_rows
from pipeline.model import Secret, Unavailable, Want

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.model import Facts, Json

_DATABASE: Final = ".mmdb"
_MOST_KEYS_TOLD: Final = 3
_FORM: Final = (
    'write {"kind": "table", "name": "customers", "key": "42", "fact": {…}}, or "unavailable": "why" in place of '
    '"fact"; an object or a database is given by its name: countries.csv=FILE'
)
_BLOCK_BYTES: Final = 1024 * 1024
_DEPLOYMENT: Final[Json] = {"stage": "dry-run", "region": "us-east-1", "account": "000000000000"}


@dataclass
class Known:
    """What is known in a dry run, and what was wanted beyond it."""

    facts: dict[Want, Json | Unavailable | Secret] = field(default_factory=dict)
    names: set[tuple[str, str]] = field(default_factory=set)
    away: dict[tuple[str, str], Unavailable] = field(default_factory=dict)
    objects: dict[str, Path] = field(default_factory=dict)
    databases: dict[str, Callable[[str], Json | Unavailable]] = field(default_factory=dict)
    wanted: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _rows: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def of(self, wants: Iterable[Want]) -> Facts:
        """The facts that are wanted. Raises InputError when a file of them cannot be read."""
        found = {want: self._fact(want) for want in sorted(wants)}
        return {want: fact for want, fact in found.items() if fact is not None}

    def told(self) -> Iterator[str]:
        """What was wanted, and nothing was given of."""
        for (kind, name), keys in sorted(self.wanted.items()):
            shown = ", ".join(keys[:_MOST_KEYS_TOLD]) + (" and others" if len(keys) > _MOST_KEYS_TOLD else "")
            of_which = f": {shown}" if any(keys) else ""  # keys of pseudonyms are wanted all together
            yield f"facts are wanted of {kind} {name}{of_which}; give them by --facts FILE"

    def _fact(self, want: Want) -> Json | Unavailable | Secret:
        named = want.kind, want.name
        if want in self.facts:
            return self.facts[want]
        if named in self.names:
            return self.away.get(named)
        if want.kind == place.KIND and want.name in self.databases:
            return self.databases[want.name](want.key)
        if want.kind == row.KIND and row.parts(want.name)[0] in self.objects:
            return self._row(want)
        return _DEPLOYMENT if want.kind == deployed.KIND else self._unknown(want)

    def _unknown(self, want: Want) -> Unavailable:
        keys = self.wanted[want.kind, want.name]
        if want.key not in keys and len(keys) <= _MOST_KEYS_TOLD:
            keys.append(want.key)
        return Unavailable("not given; give it by --facts FILE")

    def _row(self, want: Want) -> Json:
        name, by = row.parts(want.name)
        if want.name not in self._rows:
            path = self.objects[name]
            try:
                self._rows[want.name] = read_rows(_blocks(path), by)
            except InputError as error:
                raise InputError(f"{path}: {error}") from None
        found = self._rows[want.name].get(want.key)
        return None if found is None else orjson.loads(found)


def known(given: Sequence[str]) -> Known:
    """What all the options give. Raises InputError."""
    made = Known()
    for each in given:
        name, equals, path = each.partition("=")
        if not equals or Path(each).is_file():
            _read(Path(each), made)
        elif path.endswith(_DATABASE):
            made.databases[name.removesuffix(_DATABASE)] = _database(Path(path))
        else:
            made.objects[name] = _readable(Path(path))
    return made


def _database(path: Path) -> Callable[[str], Json | Unavailable]:
    from pipeline.lookups.database import found_in, opened  # noqa: PLC0415 - a dry run without it starts faster

    _readable(path)
    try:
        return partial(found_in, opened(str(path)))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read(path: Path, made: Known) -> None:
    content = _readable(path).read_bytes()
    try:
        whole = orjson.loads(content)
        lines = list(enumerate(whole if isinstance(whole, list) else [whole], 1))
    except orjson.JSONDecodeError:
        lines = [(number, _parsed(line)) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    for number, line in lines:
        if not _take(line, made):
            raise InputError(f"{path}: fact {number} is none; {_FORM}")


def _take(line: Any, made: Known) -> bool:  # noqa: ANN401 - JSON
    """Whether it is a fact, which is known then."""
    match line:
        case {"kind": str(kind), "name": str(name), "unavailable": str(why), "key": str() | int() as key}:
            made.facts[Want(kind, name, str(key))] = Unavailable(why)
        case {"kind": str(kind), "name": str(name), "unavailable": str(why)}:
            made.away[kind, name] = Unavailable(why)
        case {"kind": secret.KIND as kind, "name": str(name), "fact": dict(fact)}:
            made.facts[Want(kind, name, "")] = secret.keys_in(orjson.dumps(fact).decode())
        case {"kind": str(kind), "name": str(name), "fact": fact}:
            made.facts[Want(kind, name, str(line.get("key", "")))] = fact
        case _:
            return False
    made.names.add((kind, name))
    return True


def _parsed(line: bytes) -> Json:
    try:
        parsed: Json = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return parsed


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"--facts {path}: there is no such file")
    return path


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block

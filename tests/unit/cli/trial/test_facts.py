"""`pipeline transform --facts`, as it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline import cli
from pipeline.cli.trial.explain import as_json
from pipeline.cli.trial.given import on_stream
from pipeline.cli.trial.run import Trial
from pipeline.model import Event
from pipeline.testing.bench import STAGES
from tests.unit.aws.lookups.databases import cities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUTE = """
from pipeline.core.encode import archive_line
from pipeline.core.route import Route, where
from pipeline.lookups import deployment, geoip, object_row, reference
from pipeline.transforms.filter import drop_if
from pipeline.transforms.predicate import equals, exists, not_
from pipeline.transforms.shape import delete
TYPE = "log.v1"
ROUTE = Route(
    transforms=(),
    lookups=(
        reference("/body/id", table="customers", into="/body/owner"),
        object_row("/body/to", name="c.csv", by="code", into="/body/country", missing="reject"),
        geoip("/body/ip", optional=True),
        deployment(into="/attributes/by"),
    ),
    then=(delete("/body/ip"), drop_if(equals("/body/owner/tier", "test"))),
    destinations=(where(not_(exists("/body/owner/secret")), archive_line),),
)
"""
LINES: list[dict[str, Any]] = [
    {"id": 42, "to": "DE", "ip": "81.2.69.142"},
    {"id": 7},
    {"id": 8, "to": "XX"},
    {"id": [1]},
    {"id": "t"},
    {"id": "s"},
    {},
]
FACTS = [
    {"kind": "table", "name": "customers", "key": 42, "fact": {"tier": "gold"}},
    {"kind": "table", "name": "customers", "key": "7", "unavailable": "throttled"},
    {"kind": "table", "name": "customers", "key": "t", "fact": {"tier": "test"}},
    {"kind": "table", "name": "customers", "key": "s", "fact": {"secret": True}},
]
BY = {"stage": "dry-run", "region": "us-east-1", "account": "000000000000"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A route, lines, and all their facts."""
    (tmp_path / "route.py").write_text(ROUTE)
    (tmp_path / "in.ndjson").write_bytes(b"\n".join(map(orjson.dumps, LINES)))
    (tmp_path / "facts.ndjson").write_bytes(b"\n\n".join(map(orjson.dumps, FACTS)))
    (tmp_path / "facts.json").write_bytes(orjson.dumps(FACTS, option=orjson.OPT_INDENT_2))
    (tmp_path / "c.csv").write_text("code,name\nDE,Germany\n")
    (tmp_path / "geo.mmdb").write_bytes(cities())
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[Any], str]]:
    """The exit code, what stdout has, and stderr; options name files of the folder with a leading @."""

    def call(*options: str) -> tuple[int, list[Any], str]:
        given = [each.replace("@", f"{folder}/") for each in options]
        with pytest.raises(SystemExit) as ended:
            cli.main(["transform", "--route", f"{folder}/route.py", *given, f"{folder}/in.ndjson"])
        said = capsys.readouterr()
        out = [orjson.loads(line) for line in said.out.splitlines()]
        return int(str(ended.value.code)), out, said.err.replace(f"{folder}/", "")

    return call


ALL = ("--facts", "c.csv=@c.csv", "--facts", "geoip=@geo.mmdb")


@pytest.mark.parametrize("name", ["facts.ndjson", "facts.json"])
def test_facts(name: str, run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Each record ends as it would with these facts; one that waits for a fact keeps none waiting here."""
    code, out, err = run("--facts", f"@{name}", *ALL)
    ends = ["delivered", "retried", "dead-lettered", "dead-lettered", "dropped", "dropped", "delivered"]
    assert (1, ends) == (code, [each["outcome"] for each in out])
    (after,) = out[0]["after"]
    country = {"code": "DE", "name": "Germany"}
    assert {"id": 42, "to": "DE", "owner": {"tier": "gold"}, "country": country} == after["data"]["body"]
    place = {"geo.country.iso_code": "GB", "geo.locality.name": "London", "geo.location.lat": 51.5}
    assert {**place, "by": BY} == after["data"]["attributes"]
    assert [{"kind": "table", "name": "customers", "key": "7"}] == out[1]["waits_for"]
    assert ["object c.csv#code", "table customers", "filter.drop_if", "where(predicate.not_, encode.archive_line)"] == [
        each["by"] for each in out[2:6]
    ]
    assert "7 in = 2 delivered + 2 dropped + 2 dead-lettered + 1 retried; " in err
    assert "retried: 1 for table customers, which is out of reach\n" in err
    assert "are wanted" not in err


def test_nothing_given(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """What the lookups want is told, with how to give it; the exit code says that records wait."""
    code, out, err = run()
    assert (1, "retried") == (code, out[0]["outcome"])
    assert "facts are wanted of geoip geoip: 81.2.69.142; give them by --facts FILE\n" in err
    assert "facts are wanted of object c.csv#code: DE, XX; give them by --facts FILE\n" in err
    assert "facts are wanted of table customers: 42, 7, 8 and others; give them by --facts FILE\n" in err


def test_optional(folder: Path, run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """What may be out of reach is marked, and told, and all is well."""
    (folder / "in.ndjson").write_bytes(orjson.dumps({"ip": "81.2.69.142"}))
    code, out, err = run()
    assert (0, {"geo.unavailable": "geoip", "by": BY}) == (code, out[0]["after"][0]["data"]["attributes"])
    assert "facts are wanted of geoip geoip: 81.2.69.142" in err


def test_explained(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """What each lookup wanted, what was found, and what each step made of it."""
    _, (out,), _ = run("--explain", "--facts", "@facts.ndjson", *ALL)
    stages = [(each["stage"], each["name"]) for each in out["stages"]]
    assert [
        ("enrich", "table customers"),
        ("enrich", "object c.csv#code"),
        ("enrich", "geoip geoip"),
        ("enrich", "deployment"),
        ("transform", "shape.delete"),
        ("transform", "filter.drop_if"),
        ("route", "where(predicate.not_, encode.archive_line)"),
    ] == stages[2:]
    step = out["stages"][2]
    assert [{"key": "42", "fact": "found"}] == step["wanted"]
    assert [{"pointer": "/data/body/owner", "after": {"tier": "gold"}}] == step["events"][0]["changes"]


@pytest.mark.parametrize(
    ("line", "last"),
    [
        (2, {"name": "table customers", "wanted": [{"key": "7", "fact": "throttled"}], "failed": True}),
        (3, {"name": "object c.csv#code", "wanted": [{"key": "XX", "fact": "no such fact"}], "failed": True}),
        (4, {"name": "table customers", "wanted": [], "failed": True}),
    ],
)
def test_where_it_ends(line: int, last: dict[str, Any], run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """The lookup that ended its way is the last stage, with why."""
    _, (out,), _ = run("--explain", "--line", str(line), "--facts", "@facts.ndjson", *ALL)
    assert {"stage": "enrich", **last} == out["stages"][-1]


def test_an_outage(folder: Path, run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """A whole table may be out of reach."""
    (folder / "away.json").write_bytes(orjson.dumps({"kind": "table", "name": "customers", "unavailable": "down"}))
    _, out, _ = run("--facts", "@away.json", *ALL)
    assert 5 == [each["outcome"] for each in out].count("retried")


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("@x", None, "error: --facts x: there is no such file\n"),
        ("c.csv=@x", None, "error: --facts x: there is no such file\n"),
        ("geoip=@x.mmdb", None, "error: --facts x.mmdb: there is no such file\n"),
        ("geoip=@x.mmdb", "x", "error: x.mmdb: it is no whole database in MaxMind's format (InvalidDatabaseError)\n"),
        ("c.csv=@x", "code\nDE\nDE\n", "error: x: row 3 has a code that an earlier row has\n"),
        ("@x", '{"kind": "table"}', 'error: x: fact 1 is none; write {"kind": "table", '),
        ("@x", '{"kind": "a", "name": "b", "fact": 1}\n{', "error: x: fact 2 is none; "),
        ("@x", "[1]", "error: x: fact 1 is none; "),
    ],
)
def test_what_cannot_be_used(
    option: str, content: str | None, said: str, folder: Path, run: Callable[..., tuple[int, list[Any], str]]
) -> None:
    """A file that is not there, or not what it should be, is told in one line."""
    if content is not None:
        (folder / option.rpartition("@")[2]).write_text(content)
    code, _, err = run("--facts", option)
    assert (1, 1) == (code, err.count("error: "))
    assert said in err


def test_keys(folder: Path, run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Keys make pseudonyms, and are shown nowhere; a secret that is none is told without what is in it."""
    route = ROUTE.replace("    lookups=(", '    lookups=(\n        pseudonymised("/body/user", keys="people"),')
    (folder / "route.py").write_text(route.replace("import deployment", "import pseudonymised, deployment"))
    (folder / "in.ndjson").write_bytes(orjson.dumps({"user": "ada"}))
    fact = {"kind": "secret", "name": "people", "fact": {"keys": {"k1": "A" * 43 + "="}}}
    (folder / "keys.json").write_bytes(orjson.dumps(fact))
    code, (out,), err = run("--explain", "--facts", "@keys.json", *ALL)
    assert (0, "k1:46eESKAunlAV79pqMS5MTV0olRWopz1z8--m3cy7F5Y") == (code, out["after"][0]["data"]["body"]["user"])
    assert "AAAA" not in f"{out}{err}"
    code, (out,), err = run(*ALL)
    assert (1, "retried") == (code, out["outcome"])
    assert "facts are wanted of secret people; give them by --facts FILE\n" in err
    (folder / "keys.json").write_bytes(orjson.dumps({**fact, "fact": {"keys": {"k1": "hunter2"}}}))
    code, _, err = run("--facts", "@keys.json")
    assert (1, True, False) == (code, "a key is " in err, "hunter2" in err)


def test_a_fact_without_a_route() -> None:
    """A record that nothing is wanted of is explained as ever."""
    trial = Trial(STAGES, STAGES, lambda *_: None)
    event = Event("e", "//s", "log.v1", "2026-11-23T10:00:00Z", {"body": "x"})
    (outcome,) = trial.run([on_stream("f", 1, (event, "k", None), 1, 0.0)])  # type: ignore[arg-type] # no line is there
    assert "enrich" not in {each["stage"] for each in as_json(outcome, trial.steps(outcome))["stages"]}

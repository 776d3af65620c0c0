"""`pipeline schema check`, as it is called, in repositories of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline import cli
from pipeline.project import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

WHO = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
COUNT = len(list(SCHEMAS.glob("*.json")))


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, **WHO, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment)


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped schemas, in a folder that is in no repository."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


@pytest.fixture
def released(schemas: Path) -> Path:
    """The same, released as v0.1.0."""
    git(schemas.parent, "init", "--quiet")
    git(schemas.parent, "add", ".")
    git(schemas.parent, "commit", "--quiet", "--message", "released")
    git(schemas.parent, "tag", "v0.1.0")
    return schemas


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """Runs the command; gives the exit code, stdout and stderr."""

    def run(folder: Path, *options: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["schema", "check", "--schemas", str(folder), *options])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def edit(path: Path, **changes: Any) -> None:  # noqa: ANN401 - JSON
    path.write_text(json.dumps({**orjson.loads(path.read_bytes()), **changes}))


type Check = Callable[..., tuple[object, str, str]]


def test_without_a_release(check: Check, schemas: Path) -> None:
    """Alone, schemas are checked alone, and that is said."""
    said = f"{COUNT} schemas, 0 to change; no tag yet, so nothing counts as released (--against REV compares)\n"
    assert (0, "", said) == check(schemas)


def test_unchanged_since_the_last_tag(check: Check, released: Path) -> None:
    """The last tag is what counts when nothing else is named."""
    assert (0, "", f"{COUNT} schemas, 0 to change; compared with {COUNT} of v0.1.0\n") == check(released)


def test_a_break(check: Check, released: Path) -> None:
    """It is told with its place, who breaks, and the remedy."""
    edit(released / "change.v1.json", additionalProperties=True, minProperties=6, maxProperties=9)
    code, out, err = check(released, "--against", "HEAD")
    minimum = "0 → 6: refuses what was accepted; breaks writers; take it back, and make change.v2 beside it"
    assert (1, True) == (code, f"change.v1 /minProperties: {minimum}\n" in out)
    assert "change.v1 /additionalProperties: opened: a property that nobody relied on; compatible\n" in out
    assert err.endswith(f"compared with {COUNT} of HEAD\n")


def test_a_version_beside_it(check: Check, released: Path) -> None:
    """A new version is no edit of the old one, whatever it says."""
    shutil.copy(released / "log.v1.json", released / "log.v2.json")
    head = {"$id": "urn:kinesis-pipeline:log.v2", "title": "log.v2"}
    edit(released / "log.v2.json", required=["resource"], examples=[{"resource": {}}], **head)
    edit(released / "log.v2.json", **{"x-invalid-examples": [{"value": 7, "error": {"pointer": "", "rule": "type"}}]})
    assert (0, "") == check(released)[:2]


def test_events_of_a_bus_that_two_types_have(check: Check, schemas: Path) -> None:
    """It is said which, and of which other type they are."""
    said = {"events": [{"source": "aws.guardduty", "detail-type": ["GuardDuty Finding"]}]}
    edit(schemas / "log.v1.json", **{"x-eventbridge": said})
    expected = (
        "log.v1 /x-eventbridge: aws.guardduty 'GuardDuty Finding' is of guardduty_finding.v1 too; leave it to one"
    )
    code, out, _ = check(schemas)
    assert (1, f"{expected} of them\n") == (code, out)


def test_a_type_that_is_gone(check: Check, released: Path) -> None:
    """Its events are still out in the world."""
    (released / "change.v1.json").unlink()
    code, out, _ = check(released)
    assert (1, True) == (code, out.startswith("change.v1: was released, and its schema is gone"))


def test_for_machines(check: Check, released: Path) -> None:
    """One object a finding."""
    edit(released / "log.v1.json", title="x", maxProperties=8)
    code, out, _ = check(released, "--json")
    found = [orjson.loads(line) for line in out.splitlines()]
    assert (1, ["/title", "/maxProperties"]) == (code, [each["pointer"] for each in found])
    assert [[], ["writers"]] == [each["breaks"] for each in found]
    assert {("log.v1", True)} == {(each["type"], each["is_fault"]) for each in found}


@pytest.mark.parametrize("content", [b"{", b'{"a": 1, "a": 1}', b"\xff", b"7"])
def test_a_file_that_is_no_schema(check: Check, released: Path, content: bytes) -> None:
    """It is told in a line, beside what is wrong with the others."""
    (released / "log.v1.json").write_bytes(content)
    edit(released / "change.v1.json", title="x")
    code, out, _ = check(released)
    assert (1, ["change.v1 /title", "log.v1"]) == (code, [line.partition(":")[0] for line in out.splitlines()])


@pytest.mark.parametrize("change", [{"properties": 7}, {"$ref": "#"}, {"items": {"$ref": "x"}}, {"allOf": {}}])
def test_what_cannot_be_compared(check: Check, released: Path, change: dict[str, Any]) -> None:
    """A schema that cannot be read is told as that, and not compared."""
    edit(released / "log.v1.json", **change)
    code, out, _ = check(released)
    assert (1, True) == (code, bool(out))
    assert "breaks" not in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--against", "v9"], "error: git knows no revision 'v9'; name a tag"),
        (["--against", "--help"], "error: git knows no revision '--help'; name a tag"),
        (["--against", "HEAD:schemas"], "error: git knows no revision"),
        (["--nope"], "No such option"),
    ],
)
def test_wrong_usage(check: Check, released: Path, options: list[str], said: str) -> None:
    """One line says what to do, whether git or the command does not understand."""
    code, out, err = check(released, *options)
    assert (2 if options == ["--nope"] else 1, "", True) == (code, out, said in err)


def test_no_repository(check: Check, schemas: Path) -> None:
    """To compare, there must be something to compare with."""
    code, _, err = check(schemas, "--against", "HEAD")
    assert (1, True) == (code, "is not in a git repository; without --against" in err)


def test_no_git(check: Check, schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the schemas are checked alone; who wants more is told."""
    monkeypatch.setenv("PATH", str(schemas))
    assert 0 == check(schemas)[0]
    assert (1, "", "error: git is not installed; without --against the schemas are checked alone\n") == check(
        schemas, "--against", "HEAD"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "log.v1.json is not JSON"),
        (b'{"properties": 7}', "log.v1.json cannot be read: /properties: 7 is not of type"),
        (b'{"$ref": "#/$defs/a"}', "log.v1.json cannot be read: /$ref: #/$defs/a leads nowhere"),
    ],
)
def test_a_release_that_cannot_be_read(check: Check, released: Path, content: bytes, said: str) -> None:
    """Then nothing can be said of edits since."""
    good = (released / "log.v1.json").read_bytes()
    (released / "log.v1.json").write_bytes(content)
    git(released, "commit", "--quiet", "--all", "--message", "broken")
    (released / "log.v1.json").write_bytes(good)
    code, _, err = check(released, "--against", "HEAD")
    assert (1, True) == (code, f"error: as it was released, {said}" in err)


def test_a_folder_that_was_not_there(check: Check, released: Path) -> None:
    """What is new was not released."""
    other = Path(shutil.copytree(released, released.parent / "other"))
    assert (0, "", f"{COUNT} schemas, 0 to change; compared with 0 of v0.1.0\n") == check(other)

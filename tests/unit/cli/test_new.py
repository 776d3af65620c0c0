"""`pipeline new`, in a copy of the checkout: what it writes passes as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.project import project_root
from pipeline.schema.lint import lint
from pipeline.schema.scaffold import beginning, files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILES = [
    "schemas/unit.order.v1.json",
    "pipeline/routes/unit_order_v1.py",
    "tests/unit/routes/test_unit_order_v1.py",
]
COPIED = ("pipeline", "schemas", "tests/unit/routes", "tests/unit/conftest.py", "tests/unit/test_routes.py",
          "tests/unit/test_schemas.py", "infra/template.yaml", "pyproject.toml")  # fmt: skip
MAIN = ["-c", "from pipeline.cli import main; main()"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a type needs."""
    for place in COPIED:
        source, target = project_root() / place, tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


def python(checkout: Path, arguments: Sequence[str]) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of Python, with the copy as the project."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_written_passes(checkout: Path) -> None:
    """A schema and a route are all that a type takes: every test of types and the linter pass with it."""
    before = {path for path in checkout.rglob("*") if path.is_file()}
    records = checkout / "orders.ndjson"
    records.write_text('{"id": "1", "at": "2026-01-01T00:00:00Z", "total": 2.5, "lines": [{"n": 1}]}\n{"id": "2"}\n')
    for name, options in (
        ("unit.order.v1", []),
        ("unit.paid.v1", ["--from", str(records), "--examples"]),
    ):
        code, out, err = python(checkout, [*MAIN, "new", name, *options])
        assert (0, True) == (code, f"put --type {name}" in err), err
        assert out.splitlines() == [each.replace("order", name.split(".")[1]) for each in FILES]

    assert 7 == len({path for path in checkout.rglob("*") if path.is_file()} - before)
    assert (0, "") == python(checkout, [*MAIN, "schema", "check"])[:2]
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"]
    code, out, _ = python(checkout, tests)
    assert 0 == code, out
    for check in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        code, out, _ = python(checkout, ["-m", "ruff", *check, *FILES[1:]])
        assert 0 == code, out


def test_nothing_is_overwritten(checkout: Path) -> None:
    """One file that is there is enough to write none."""
    route = checkout / FILES[1]
    route.write_text("mine")
    code, out, err = python(checkout, [*MAIN, "new", "unit.order.v1"])
    assert (1, "") == (code, out)
    assert err.startswith(f"error: nothing is overwritten, and there is {FILES[1]}; take")
    assert ("mine", False) == (route.read_text(), (checkout / FILES[0]).exists())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Orders.v1"], 2, "'Orders.v1' is no name of an event type; one is words of"),
        (["../orders.v1"], 2, "is no name"),
        (["orders"], 2, "is no name"),
        (["log.v1"], 1, "nothing is overwritten, and there is schemas/log.v1.json, pipeline/routes/log_v1.py; take"),
        (["orders.v1", "--from", "none.ndjson"], 2, "No such file"),
        (["orders.v1", "--from", os.devnull], 1, "holds no record"),
    ],
)
def test_what_cannot_be(checkout: Path, arguments: list[str], code: int, said: str) -> None:
    """One line says why, and nothing is written."""
    ended, out, err = python(checkout, [*MAIN, "new", *arguments])
    assert (code, "", True) == (ended, out, said in err)
    assert not (checkout / "schemas/orders.v1.json").exists()


def test_two_types_of_one_file(checkout: Path) -> None:
    """Two names that would share the file of a route are not both taken."""
    shutil.copy(checkout / "schemas/log.v1.json", checkout / "schemas/unit-order.v1.json")
    _, _, err = python(checkout, [*MAIN, "new", "unit.order.v1"])
    assert "error: unit.order.v1 would share pipeline/routes/unit_order_v1.py with unit-order.v1; take another" in err


def test_the_beginning_of_any_name() -> None:
    """The schema to begin with is well made, whatever the type."""
    for name in ("a.v1", "a" * 61 + ".v1", "a-b_c.d.v9999"):
        contents = files(name, beginning(name))
        assert [] == lint(name, orjson.loads(contents[f"schemas/{name}.json"]))

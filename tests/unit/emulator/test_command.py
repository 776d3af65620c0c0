"""`pipeline local`, with nothing running: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pipeline import emulator
from pipeline.cli.local import command
from pipeline.emulator import Emulator, Options, Status, logs
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    type Programs = Callable[[str, str], Path]

UP = Status(
    up=True,
    log_path=Path("/state/localstack.log"),
    endpoint_url="http://127.0.0.1:4566",
    pid=12,
    version="4.14.0",
    services={"s3": "running", "kinesis": "running", "sqs": "available", "ses": "error"},
    environments=2,
)


@pytest.fixture
def runner() -> CliRunner:
    """Runs a command."""
    return CliRunner()


def test_down(runner: CliRunner, tmp_path: Path) -> None:
    """Down with nothing running says so, and is content."""
    result = runner.invoke(command, ["down", "--state", str(tmp_path)])
    assert (0, "", "LocalStack is not running\n") == (result.exit_code, result.stdout, result.stderr)


def test_status(runner: CliRunner, tmp_path: Path) -> None:
    """Status with nothing running says so and where the log is, with exit code 3."""
    result = runner.invoke(command, ["status", "--state", str(tmp_path)])
    assert (3, "") == (result.exit_code, result.stderr)
    assert f"LocalStack is not running\nlog        {tmp_path}/localstack.log\n" == result.stdout


def test_status_json(runner: CliRunner, tmp_path: Path) -> None:
    """Status as JSON has the same exit code."""
    result = runner.invoke(command, ["status", "--json", "--state", str(tmp_path)])
    assert 3 == result.exit_code
    told = json.loads(result.stdout)
    assert (False, None, str(tmp_path / "localstack.log")) == (told["up"], told["endpoint_url"], told["log_path"])


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        (
            UP,
            [
                "endpoint   http://127.0.0.1:4566",
                "version    4.14.0",
                "pid        12",
                "services   3 of 4 ready; in use: kinesis, s3",
                "functions  2 execution environments",
                "log        /state/localstack.log",
            ],
        ),
        (
            Status(up=False, log_path=Path("/log"), endpoint_url="http://127.0.0.1:1", pid=12),
            ["LocalStack does not answer at http://127.0.0.1:1", "log        /log"],
        ),
    ],
)
def test_status_rows(runner: CliRunner, monkeypatch: pytest.MonkeyPatch, found: Status, rows: list[str]) -> None:
    """Status prints one fact a row."""
    monkeypatch.setattr(emulator, "status", lambda *_, **__: found)
    result = runner.invoke(command, ["status"])
    assert rows == result.stdout.splitlines()
    assert (0 if found.up else 3) == result.exit_code


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ((), "use it with --local, or from any AWS tool:"),
        (("--state", "state"), "use it with --endpoint-url http://127.0.0.1:4567 after the next two lines, or from"),
    ],
)
def test_up_says_how_to_use_it(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], way: str
) -> None:
    """The user's own is found by --local; one with a state of its own is not."""
    monkeypatch.setattr(emulator, "up", lambda *_, **__: Emulator("http://127.0.0.1:4567", Path("/log"), started=True))
    assert way in runner.invoke(command, ["up", *options]).stderr


@pytest.mark.parametrize(
    ("options", "expected"), [((), False), (("--port", "4567"), False), (("--port", "4568"), True)]
)
def test_up_says_that_it_is_on_another_port_than_asked_for(
    runner: CliRunner,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    """One that runs already stays where it is, and whoever asked for another port is told how to get it."""
    found = Emulator("http://127.0.0.1:4567", Path("/log"), started=False)
    monkeypatch.setattr(emulator, "up", lambda *_, **__: found)
    result = runner.invoke(command, ["up", *options])

    assert (0, "http://127.0.0.1:4567\n") == (result.exit_code, result.stdout)
    assert expected == ("it is not on port 4568: for that, first `pipeline local down`" in result.stderr)


@pytest.mark.parametrize(("started", "words"), [(True, "LocalStack is up;"), (False, "LocalStack is running already;")])
def test_up(runner: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, started: bool, words: str) -> None:
    """Up prints the endpoint, tells how to use it, and passes its options on."""
    asked: dict[str, object] = {}

    def fake_up(root: Path, **options: object) -> Emulator:
        asked.update(options, root=root)
        return Emulator("http://127.0.0.1:4567", Path("/log"), started)

    monkeypatch.setattr(emulator, "up", fake_up)
    result = runner.invoke(
        command,
        ["up", "--port", "4567", "--timeout", "9", "--docker", "--state", str(tmp_path)],
        env={"JAVA_HOME": "/opt/java"},
    )
    assert (0, "http://127.0.0.1:4567\n") == (result.exit_code, result.stdout)
    assert words in result.stderr
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4567 AWS_DEFAULT_REGION=us-east-1" in result.stderr
    assert (4567, tmp_path, Options(9, Path("/opt/java"), docker=True)) == (
        asked["port"],
        asked["state"],
        asked["options"],
    )


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "x"], ["--timeout", "0"], ["--timeout", "-1"]])
def test_up_usage(runner: CliRunner, arguments: list[str]) -> None:
    """A port or a time that cannot be is wrong usage."""
    assert 2 == runner.invoke(command, ["up", *arguments]).exit_code


def test_logs(runner: CliRunner, tmp_path: Path) -> None:
    """The log is printed as it is, or its end."""
    (tmp_path / "localstack.log").write_text("one\ntwo\nthree\n")
    assert "one\ntwo\nthree\n" == runner.invoke(command, ["logs", "--state", str(tmp_path)]).stdout
    assert "three\n" == runner.invoke(command, ["logs", "-n", "1", "--state", str(tmp_path)]).stdout


def test_logs_none(runner: CliRunner, tmp_path: Path) -> None:
    """Without a log the error says what makes one."""
    result = runner.invoke(command, ["logs", "--state", str(tmp_path)])
    assert isinstance(result.exception, EmulatorError)
    assert "pipeline local up" in str(result.exception)


def test_logs_interrupted(runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is how following ends: no error."""

    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(logs, "lines", interrupted)
    assert 0 == runner.invoke(command, ["logs", "--follow", "--state", str(tmp_path)]).exit_code


def test_logs_of_docker(runner: CliRunner, tmp_path: Path, programs: Programs) -> None:
    """In Docker the log is Docker's."""
    docker = programs("docker", 'echo "$@" > "$0.call"')
    (tmp_path / "run.json").write_text('{"port": 4566, "started_at": 0, "pid": null, "supervisor": null}')
    assert 0 == runner.invoke(command, ["logs", "-n", "5", "--follow", "--state", str(tmp_path)]).exit_code
    assert docker.with_name("docker.call").read_text().endswith(" logs --no-log-prefix --follow --tail 5\n")

"""`pipeline deploy`: what is asked of it, and what it prints."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from pipeline import emulator, routes
from pipeline.aws.cloudformation.changes import Change
from pipeline.cli import deploy
from pipeline.emulator import Status
from pipeline.errors import WrongDeclaration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.aws.clients import Clients
    from pipeline.aws.deploy import Options

OUTPUTS = {"StreamName": "s-Stream-1", "ArchiveBucketName": "s-archive-2"}
CHANGES = (
    Change("Modify", "ResultsTable", "AWS::DynamoDB::Table", "True"),
    Change("Add", "Stream", "AWS::Kinesis::Stream"),
)


@dataclass
class FakeDeployment:
    """Keeps what it was prepared with, and answers."""

    changes: tuple[Change, ...] = CHANGES
    asked: dict[str, Any] = field(default_factory=dict)
    ran: bool = False

    def prepare(self, clients: Clients, stack: str, **rest: object) -> FakeDeployment:
        """In place of `pipeline.aws.deploy.prepare`."""
        self.asked = {"clients": clients, "stack": stack, **rest}
        return self

    def run(self) -> Mapping[str, str]:
        """Deploy."""
        self.ran = True
        return OUTPUTS

    def preview(self) -> tuple[Change, ...]:
        """Look."""
        return self.changes

    @property
    def options(self) -> Options:
        """What was chosen."""
        options: Options = self.asked["options"]
        return options


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    """A deployment that deploys nothing, and no LocalStack."""
    fake = FakeDeployment()
    monkeypatch.setattr(deploy, "prepare", fake.prepare)
    monkeypatch.setattr(emulator, "status", lambda _: Status(up=False, log_path=Path("log")))
    return fake


def test_outputs_are_aligned(deployment: FakeDeployment) -> None:
    """The outputs go to stdout, one a line, values in one column."""
    result = CliRunner().invoke(deploy.command, [])

    assert "StreamName         s-Stream-1\nArchiveBucketName  s-archive-2\n" == result.stdout
    assert 0 == result.exit_code
    assert "kinesis-pipeline" == deployment.asked["stack"]


def test_outputs_as_json(deployment: FakeDeployment) -> None:
    """--json prints one object."""
    result = CliRunner().invoke(deploy.command, ["--json", "--stack", "orders"])

    assert OUTPUTS == json.loads(result.stdout)
    assert "orders" == deployment.asked["stack"]


def test_options(deployment: FakeDeployment) -> None:
    """Parameters, architecture and bucket are handed on; a value may hold an equals sign, or be empty."""
    arguments = ["--parameter", "A=b=c", "--parameter", "D=", "--architecture", "x86_64", "--artifact-bucket", "mine"]

    CliRunner().invoke(deploy.command, arguments)

    assert {"A": "b=c", "D": ""} == deployment.options.parameters
    assert ("x86_64", "mine") == (deployment.options.architecture, deployment.options.artifact_bucket)


def test_what_no_function_could_start_with(deployment: FakeDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong declaration is told, and nothing is deployed."""
    monkeypatch.setattr(routes, "PROCESS", {"log.v1": routes.PROCESS["log.v1"]})

    result = CliRunner().invoke(deploy.command, [])

    assert isinstance(result.exception, WrongDeclaration)
    assert "schemas/access_log.v1.json has no route" in str(result.exception)
    assert not deployment.asked


@pytest.mark.parametrize("value", ["A", "=b", ""])
def test_a_parameter_without_a_name_or_a_value(deployment: FakeDeployment, value: str) -> None:
    """What is not KEY=VALUE is wrong usage."""
    result = CliRunner().invoke(deploy.command, ["--parameter", value])

    assert 2 == result.exit_code
    assert "is not KEY=VALUE" in result.stderr
    assert not deployment.ran


def test_a_dry_run_shows_and_does_nothing(deployment: FakeDeployment) -> None:
    """--dry-run lists the changes, says what would be replaced, and deploys nothing."""
    result = CliRunner().invoke(deploy.command, ["--dry-run"])

    assert [
        "Modify  ResultsTable                 AWS::DynamoDB::Table  replaced",
        "Add     Stream                       AWS::Kinesis::Stream",
    ] == result.stdout.splitlines()
    assert not deployment.ran


def test_a_dry_run_as_json(deployment: FakeDeployment) -> None:
    """--dry-run --json prints a list of objects."""
    result = CliRunner().invoke(deploy.command, ["--dry-run", "--json"])

    assert {"action": "Add", "resource": "Stream", "kind": "AWS::Kinesis::Stream", "replacement": ""} == json.loads(
        result.stdout
    )[1]
    assert not deployment.ran


def test_a_dry_run_without_changes(deployment: FakeDeployment) -> None:
    """Nothing to do is said on stderr; stdout stays empty."""
    deployment.changes = ()

    result = CliRunner().invoke(deploy.command, ["--dry-run"])

    assert ("", "no resource changes\n") == (result.stdout, result.stderr)


@pytest.mark.parametrize(("environments", "docker"), [(None, True), (0, False), (3, False)])
def test_localstack_in_docker(
    deployment: FakeDeployment,
    monkeypatch: pytest.MonkeyPatch,
    environments: int | None,
    docker: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """--local finds out whether LocalStack runs in Docker, for there its functions run on Linux."""
    up = Status(up=True, log_path=Path("log"), environments=environments)
    monkeypatch.setattr(emulator, "status", lambda _: up)
    monkeypatch.setattr("pipeline.cli.options.local_endpoint_url", lambda _: "http://127.0.0.1:4566")

    CliRunner().invoke(deploy.command, ["--local"])

    assert docker == deployment.options.docker
    assert deployment.asked["clients"].local

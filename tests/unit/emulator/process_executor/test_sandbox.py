"""An execution environment with a stub for the runtime: every way that an invocation may end."""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

sandbox = importlib.import_module("process_executor.sandbox")

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

# A machine may stand still for seconds; what waits for a time-out of ten, or sleeps for longer, is not done by then.
AT_ONCE_SECONDS = 8
STUB = Path(__file__).with_name("runtime_stub.py")

type Sandboxes = Callable[..., Any]


@pytest.fixture
def sandboxes(tmp_path: Path) -> Iterator[Sandboxes]:
    """Makes started sandboxes; all end with the test."""
    made: list[Any] = []

    def make(mode: str = "ready", timeout_seconds: float = 10, memory_mib: int = 512) -> Any:  # noqa: ANN401 - from the plugin
        command = [sys.executable, "-I", str(STUB), mode]
        function = sandbox.Function("$LATEST", command, {"A": "1"}, tmp_path, timeout_seconds, memory_mib)
        made.append(sandbox.Sandbox(function, tmp_path / f"sandbox-{len(made)}"))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop()


def invoke(environment: Any, **event: object) -> Any:  # noqa: ANN401 - from the plugin
    """The answer to one invocation."""
    return environment.invoke(
        sandbox.Invocation("r-1", "arn:aws:lambda:::function:f", "Root=1", json.dumps(event).encode())
    )


def body(answer: Any) -> Any:  # noqa: ANN401 - JSON
    """The answer's payload, parsed."""
    return json.loads(answer.body)


def messages(answer: Any) -> list[str]:  # noqa: ANN401 - from the plugin
    """The lines of the log, cut after their first words."""
    return [" ".join(line.split()[:2]) for line in answer.log.splitlines()]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition comes true in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def test_answers(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """A function gets its event and its environment, in the folder of its code."""
    answer = invoke(sandboxes(), x=1)
    told = body(answer)
    assert not answer.is_error
    assert ({"x": 1}, str(tmp_path), "1") == (told["event"], told["cwd"], told["env"]["A"])
    assert "arn:aws:lambda:::function:f" == told["headers"]["lambda-runtime-invoked-function-arn"]
    assert "Root=1" == told["headers"]["lambda-runtime-trace-id"]
    assert set() == set(told["env"]) - {"A", "AWS_LAMBDA_RUNTIME_API", "LC_CTYPE"}


def test_deadline(sandboxes: Sandboxes) -> None:
    """The deadline is the function's timeout from now, in milliseconds since the epoch."""
    before = time.time()
    deadline = int(body(invoke(sandboxes(timeout_seconds=7)))["headers"]["lambda-runtime-deadline-ms"]) / 1000
    assert before + 7 - 0.01 <= deadline <= time.time() + 7


def test_log(sandboxes: Sandboxes) -> None:
    """The log holds what was printed until the answer, between Lambda's own lines; init comes once, before them."""
    environment = sandboxes()
    first, second = invoke(environment, print="hello\n"), invoke(environment, print="no end of line")
    assert ["INIT_START Runtime", "init ready", "START RequestId:", "hello", "END RequestId:", "REPORT RequestId:"] == (
        messages(first)
    )
    assert ["START RequestId:", "no end", "END RequestId:", "REPORT RequestId:"] == messages(second)
    assert "Init Duration" in first.log
    assert "Init Duration" not in second.log


def test_warm(sandboxes: Sandboxes) -> None:
    """One process serves one invocation after the other."""
    environment = sandboxes()
    assert body(invoke(environment))["pid"] == body(invoke(environment))["pid"]


def test_large_log(sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that has grown large is begun anew, and nothing is lost or told twice."""
    monkeypatch.setattr(sandbox, "_KEEP_OUTPUT_BYTES", 100)
    environment = sandboxes()
    printed = [invoke(environment, print=f"{letter * 200}\n").log.count(letter * 200) for letter in "xyz"]
    assert [1, 1, 1] == printed
    assert "yyy" not in invoke(environment).log


@pytest.mark.parametrize("cause_bytes", [10, 300_000])
def test_function_error(sandboxes: Sandboxes, cause_bytes: int) -> None:
    """A function's error is its own, however long its cause; the process lives on."""
    environment = sandboxes()
    pid = body(invoke(environment))["pid"]
    answer = invoke(environment, error=cause_bytes)
    assert (True, {"errorType": "ValueError"}) == (answer.is_error, body(answer))
    assert pid == body(invoke(environment))["pid"]


def test_timeout(sandboxes: Sandboxes) -> None:
    """At the timeout the process is killed and AWS's answer given, on time; the next invocation gets a new process."""
    environment = sandboxes(timeout_seconds=3)
    pid = body(invoke(environment))["pid"]
    began = time.monotonic()
    answer = invoke(environment, print="working\n", sleep=30)
    assert 3 <= time.monotonic() - began < AT_ONCE_SECONDS
    assert "Sandbox.Timedout" == body(answer)["errorType"]
    assert "RequestId: r-1 Error: Task timed out after 3.00 seconds" == body(answer)["errorMessage"]
    assert "working\n" in answer.log
    assert "Task timed out after 3.00 seconds" in answer.log
    assert "Status: timeout" in answer.log
    assert not psutil.pid_exists(pid)
    after = invoke(environment)
    assert (False, True) == (after.is_error, body(after)["pid"] != pid)
    assert "init ready" in after.log


def test_timeout_ends_children(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """What the function started ends with it."""
    before = set(psutil.Process().children(recursive=True))
    environment = sandboxes(timeout_seconds=1)
    invoke(environment, child=str(tmp_path / "child"), sleep=30)
    assert eventually(
        lambda: not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path / "child") in str(p.info)]
    )
    assert before == set(psutil.Process().children(recursive=True))


@pytest.mark.parametrize(("code", "text"), [(0, "without providing a reason"), (3, "exit status 3")])
def test_exit(sandboxes: Sandboxes, code: int, text: str) -> None:
    """A process that ends in the middle is told at once; the next invocation gets a new one."""
    environment = sandboxes()
    began = time.monotonic()
    answer = invoke(environment, print="bye\n", exit=code)
    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert "Runtime.ExitError" == body(answer)["errorType"]
    assert text in body(answer)["errorMessage"]
    assert ["bye", "RequestId: r-1", "Runtime.ExitError"] == messages(answer)[3:6]
    assert not invoke(environment).is_error


def test_memory(sandboxes: Sandboxes) -> None:
    """A process over its memory size is killed; what it had used is reported."""
    environment = sandboxes(memory_mib=128)
    answer = invoke(environment, take_mib=300)
    assert "RequestId: r-1 Error: Runtime exited with error: signal: killed" == body(answer)["errorMessage"]
    used = int(answer.log.rsplit("Max Memory Used: ", 1)[1].split()[0])
    assert 128 < used < 400
    assert not invoke(environment).is_error


def test_memory_reported(sandboxes: Sandboxes) -> None:
    """The memory of a process is reported from the system."""
    used = int(invoke(sandboxes()).log.rsplit("Max Memory Used: ", 1)[1].split()[0])
    assert 5 < used < 100


def test_init_error(sandboxes: Sandboxes) -> None:
    """An init error is the answer of every invocation, with its log."""
    environment = sandboxes("fails")
    for _ in range(2):
        answer = invoke(environment)
        assert (True, {"errorType": "Runtime.ImportModuleError"}) == (answer.is_error, body(answer))
        assert "init fails" in answer.log
        assert "Status: error" in answer.log


def test_exit_in_init(sandboxes: Sandboxes) -> None:
    """A process that ends before it is ready is told at once."""
    began = time.monotonic()
    answer = invoke(sandboxes("exits"))
    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert "RequestId: r-1 Error: Runtime exited with error: exit status 5" == body(answer)["errorMessage"]
    assert "INIT_REPORT" in answer.log


def test_init_is_tried_again(sandboxes: Sandboxes) -> None:
    """An init that failed once and then succeeds is no error."""
    answer = invoke(sandboxes("once"))
    assert not answer.is_error
    assert 2 == answer.log.count("init once")


def test_init_that_hangs(sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """An init that takes too long is cut, and then has the function's timeout."""
    monkeypatch.setattr(sandbox, "INIT_SECONDS", 0.5)
    began = time.monotonic()
    answer = invoke(sandboxes("hangs", timeout_seconds=1))
    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert "Sandbox.Timedout" == body(answer)["errorType"]
    assert "Phase: init\tStatus: timeout" in answer.log


def test_response_too_large(sandboxes: Sandboxes) -> None:
    """A response over 6 MB is an error; the runtime ends over it, and the next invocation gets a new one."""
    environment = sandboxes()
    assert "Function.ResponseSizeTooLarge" == body(invoke(environment, size=7_000_000))["errorType"]
    assert not invoke(environment).is_error


def test_large_event_and_response(sandboxes: Sandboxes) -> None:
    """Six megabytes pass both ways, quickly."""
    environment = sandboxes()
    began = time.monotonic()
    assert 6_000_000 == len(invoke(environment, size=6_000_000, filler="x" * 6_000_000).body)
    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_small_answers_are_quick(sandboxes: Sandboxes) -> None:
    """No invocation waits for the network to wake up, which takes 40 ms where packets are held back to be joined."""
    environment = sandboxes()
    took = []
    for _ in range(20):
        began = time.monotonic()
        invoke(environment)
        took.append(time.monotonic() - began)
    assert min(took) < 0.03


def test_stop(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """Stopping ends the process and removes the environment's folder."""
    environment = sandboxes()
    pid = body(invoke(environment))["pid"]
    assert (tmp_path / "sandbox-0" / "tmp").is_dir()
    environment.stop()
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "sandbox-0").exists()
    environment.stop()


def test_stop_during_an_invocation(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """An invocation under way is answered; then the environment ends."""
    environment = sandboxes()
    answered: list[Any] = []
    started = tmp_path / "started"
    thread = threading.Thread(target=lambda: answered.append(invoke(environment, child=str(started), sleep=0.5)))
    thread.start()
    assert eventually(started.exists)
    environment.stop()
    thread.join(10)
    assert not answered[0].is_error
    assert not (tmp_path / "sandbox-0").exists()
    assert not psutil.pid_exists(body(answered[0])["pid"])


def test_invocation_after_stop(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """An invocation that was promised before the stop is served, and leaves nothing."""
    environment = sandboxes()
    environment.stop()
    assert not invoke(environment).is_error
    assert not (tmp_path / "sandbox-0").exists()


def test_code_is_gone(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """Without its code an environment cannot start, and says so."""
    del sandboxes
    gone = sandbox.Function("$LATEST", [sys.executable], {}, tmp_path / "gone", 1, 128)
    with pytest.raises(FileNotFoundError):
        sandbox.Sandbox(gone, tmp_path / "sandbox-x").start()
    assert (tmp_path / "sandbox-x").is_dir()

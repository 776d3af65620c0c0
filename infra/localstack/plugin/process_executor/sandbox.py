"""One execution environment of a function: it starts a runtime, hands it invocations, and starts it anew when lost.

How an invocation may end, as on AWS:

    the function answers     a response, or an error with type, message and stack trace
    init failed              the runtime's own error (Runtime.ImportModuleError, ...), or Runtime.ExitError
    the timeout passed       Sandbox.Timedout; the process is killed
    the process ended        Runtime.ExitError
    too much memory          the process is killed, hence Runtime.ExitError with "signal: killed"

After all but the first the environment lives on without a process, and the next invocation starts with init, within
its timeout. An init that fails before there is an invocation is tried once more with the first one (AWS:
"suppressed init").

Memory is watched, not limited: the resident size of the function's process is read ten times a second, and the
process is killed when it is over the function's memory size. RLIMIT_AS would be no honest stand-in: it counts
address space, of which Python maps far more than it uses. A peak between two looks goes unpunished, and processes
that the function starts are not counted.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from process_executor import answers
from process_executor.answers import Usage, Verdict
from process_executor.runtime import Runtime
from process_executor.runtime_api import Answered, Exited, InitFailed, Next, Outcome, Ready

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INIT_SECONDS: Final = 10.0  # AWS: "the Init phase is limited to 10 seconds"
LOOK_SECONDS: Final = 0.1
_KEEP_OUTPUT_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Function:
    """What a sandbox must know of a function version."""

    version: str
    command: list[str]
    environment: Mapping[str, str]
    task_root: Path
    timeout_seconds: float
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation to serve."""

    request_id: str
    function_arn: str
    trace_id: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What Lambda answers: the payload, whether it is a function error, and the log of this invocation."""

    body: bytes
    is_error: bool
    log: str


class Sandbox:
    """An execution environment: one invocation at a time; `stop` may be called by any thread at any time.

    Args:
        function: what to run.
        folder: the environment's own folder, made by a start and removed by stop; it holds /tmp and the output.
    """

    def __init__(self, function: Function, folder: Path) -> None:
        self._function = function
        self._folder = folder
        self._output = folder / "output.log"
        self._output_read_bytes = 0
        self._pending_log = ""
        self._init_seconds: float | None = None
        self._peak_mib = 0
        self._runtime: Runtime | None = None
        self._busy = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """Start the runtime and wait until it is ready, or has failed: then the first invocation tells."""
        with self._busy:
            began = time.monotonic()
            outcome = self._boot(began + INIT_SECONDS)
            seconds = time.monotonic() - began
            self._pending_log = answers.init_line() + self._drain()
            if isinstance(outcome, Ready):
                self._init_seconds = seconds
            else:
                self._pending_log += answers.init_report_line(seconds, timed_out=outcome is None)
        self._stop_if_asked()

    def invoke(self, invocation: Invocation) -> Answer:
        """Serve one invocation, within the function's timeout."""
        with self._busy:
            answer = self._answer(invocation)
        self._stop_if_asked()
        return answer

    def stop(self) -> None:
        """End the environment, after the invocation under way; this call does not wait for that one."""
        self._stopped = True
        if self._busy.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._busy.release()

    def log(self) -> str:
        """The output that no invocation has taken yet."""
        return self._pending_log

    def _stop_if_asked(self) -> None:
        if self._stopped:
            self.stop()

    def _end(self) -> None:
        if self._runtime is not None:
            self._runtime.stop()
            self._runtime = None
        shutil.rmtree(self._folder, ignore_errors=True)
        self._output_read_bytes = 0

    def _answer(self, invocation: Invocation) -> Answer:
        began = time.monotonic()
        log, self._pending_log = self._pending_log + self._drain(), ""
        init_seconds, self._init_seconds = self._init_seconds, None
        outcome = self._serve(invocation, began + self._function.timeout_seconds)
        seconds = min(time.monotonic() - began, self._function.timeout_seconds)
        verdict = self._verdict(invocation.request_id, outcome)
        usage = Usage(seconds, self._function.memory_mib, self._peak_mib, init_seconds, verdict.status)
        log += answers.start_line(invocation.request_id, self._function.version) + self._drain() + verdict.log
        return Answer(verdict.body, verdict.is_error, log + answers.end_lines(invocation.request_id, usage))

    def _serve(self, invocation: Invocation, deadline: float) -> Outcome | None:
        if self._runtime is None or not self._runtime.alive:
            self._lose_runtime()
            outcome = self._boot(deadline)
            if not isinstance(outcome, Ready):
                return outcome
        assert self._runtime is not None  # noqa: S101 - _boot leaves one when it is ready
        self._runtime.give(_for_runtime(invocation, deadline))
        outcome = self._wait(self._runtime, deadline, invocation.request_id)
        if not isinstance(outcome, Answered) or outcome.is_lost:
            self._lose_runtime()
        return outcome

    def _boot(self, deadline: float) -> Outcome | None:
        self._peak_mib = 0
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
        self._runtime = Runtime(
            self._function.command, self._function.environment, self._function.task_root, self._output
        )
        outcome = self._wait(self._runtime, deadline, None)
        if not isinstance(outcome, Ready):
            self._lose_runtime()
        return outcome

    def _wait(self, runtime: Runtime, deadline: float, request_id: str | None) -> Outcome | None:
        """The end of init (no request id) or of an invocation; None when the deadline passes first."""
        while (left := deadline - time.monotonic()) > 0:
            outcome = runtime.outcome(min(left, LOOK_SECONDS))
            used_mib, peak_mib = runtime.memory_mib()
            self._peak_mib = max(self._peak_mib, peak_mib)
            if _ends(outcome, request_id):
                return outcome
            if used_mib > self._function.memory_mib:
                runtime.kill()  # the outcome is that it exited
        return None

    def _lose_runtime(self) -> None:
        if self._runtime is not None:
            self._runtime.kill()
            self._runtime = None

    def _verdict(self, request_id: str, outcome: Outcome | None) -> Verdict:
        match outcome:
            case Answered(body=body, is_error=is_error):
                return Verdict(body, is_error=is_error)
            case InitFailed(body):
                return Verdict(body, is_error=True, status="error")
            case Exited(code):
                return answers.exited(request_id, code)
            case _:
                return answers.timed_out(request_id, self._function.timeout_seconds, datetime.now(UTC))

    def _drain(self) -> str:
        if not self._output.exists():  # stopped, and asked once more before LocalStack knew
            return ""
        with self._output.open("rb") as output:
            output.seek(self._output_read_bytes)
            content = output.read()
        self._output_read_bytes += len(content)
        if self._output_read_bytes > _KEEP_OUTPUT_BYTES:
            os.truncate(self._output, 0)
            self._output_read_bytes = 0
        text = content.decode(errors="replace")
        return text if not text or text.endswith("\n") else text + "\n"


def _ends(outcome: Outcome | None, request_id: str | None) -> bool:
    match outcome:
        case None:
            return False
        case Ready():
            return request_id is None  # else it is the one that followed the answer before
        case Answered(request_id=answered):
            return answered == request_id
        case _:
            return True


def _for_runtime(invocation: Invocation, deadline: float) -> Next:
    deadline_ms = int((time.time() + deadline - time.monotonic()) * 1000)
    headers = {
        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
    }
    return Next(invocation.request_id, headers, invocation.event)

"""Functions on LocalStack without Docker behave as on AWS, seen through the Lambda API."""

from __future__ import annotations

import io
import json
import re
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psutil
import pytest

from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_lambda.type_defs import LayerVersionContentInputTypeDef

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::000000000000:role/any"
# One handler for all: it does what the event says.
CODE = """
import json, logging, os, subprocess, sys, time

print("loading")

def handler(event, context):
    if "print" in event:
        print(event["print"])
        print(event["print"] + " to stderr", file=sys.stderr)
        logging.getLogger().warning("warned")
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        sys.exit(event["exit"])
    if "kill" in event:
        os._exit(event["kill"])
    if "mib" in event:
        held = bytearray(event["mib"] * 1024 * 1024)
        time.sleep(30)
    if "child" in event:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)  # " + event["child"]])
    if "import" in event:
        __import__(event["import"])
    if "buckets" in event:
        import boto3
        boto3.client("s3").list_buckets()
    return {
        "environment": dict(os.environ),
        "path": sys.path,
        "prefix": sys.prefix,
        "folder": os.getcwd(),
        "files": sorted(os.listdir()),
        "remaining_ms": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "log_stream": context.log_stream_name,
        "memory": context.memory_limit_in_mb,
        "pid": os.getpid(),
    }
"""


@dataclass(frozen=True)
class Answered:
    """What an invocation answered: the payload, the kind of error, and the tail of the log."""

    payload: Any
    error: str | None
    log: str


class Functions(Protocol):
    """Makes a function of some code, with settings of CreateFunction; gives its name."""

    def __call__(self, code: str = CODE, **settings: Any) -> str:  # noqa: ANN401 - as boto3 takes them
        ...


def zipped(**files: str) -> bytes:
    """A zip file of these texts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return content.getvalue()


@pytest.fixture
def functions(localstack: Clients) -> Iterator[Functions]:
    """Makes functions that are removed after the test."""
    made: list[str] = []

    def make(code: str = CODE, **settings: Any) -> str:  # noqa: ANN401 - as boto3 takes them
        name = f"function-{uuid.uuid4().hex[:8]}"
        localstack.functions.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Role": ROLE,
                "Handler": "app.handler",
                "Code": {"ZipFile": zipped(app=code)},
                "Timeout": 10,
                **settings,
            }
        )
        made.append(name)
        localstack.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return name

    yield make
    for name in made:
        with suppress(localstack.functions.exceptions.ResourceNotFoundException):
            localstack.functions.delete_function(FunctionName=name)


def invoke(localstack: Clients, name: str, **event: object) -> Answered:
    """Invoke and wait."""
    answer = localstack.functions.invoke(FunctionName=name, Payload=json.dumps(event))
    return Answered(json.loads(answer["Payload"].read()), answer.get("FunctionError"), logged(localstack, name))


def logged(localstack: Clients, name: str) -> str:
    """All that is in CloudWatch Logs now."""
    events = localstack.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "".join(event["message"] for event in events)


def running(mark: str) -> bool:
    """Whether a process with this mark in its command line runs."""
    return any(mark in word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ())


def test_environment(localstack: Clients, functions: Functions) -> None:
    """A function sees AWS's variables and its own, all text, and none of this machine's."""
    name = functions(Environment={"Variables": {"TABLE": "results", "COUNT": "3"}}, MemorySize=256)
    seen = invoke(localstack, name).payload["environment"]
    assert ("results", "3") == (seen["TABLE"], seen["COUNT"])
    assert ("us-east-1", "us-east-1", ":UTC") == (seen["AWS_REGION"], seen["AWS_DEFAULT_REGION"], seen["TZ"])
    assert (name, "$LATEST", "256") == (
        seen["AWS_LAMBDA_FUNCTION_NAME"],
        seen["AWS_LAMBDA_FUNCTION_VERSION"],
        seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    )
    assert f"/aws/lambda/{name}" == seen["AWS_LAMBDA_LOG_GROUP_NAME"]
    assert ("AWS_Lambda_python3.13", "app.handler") == (seen["AWS_EXECUTION_ENV"], seen["_HANDLER"])
    assert localstack.endpoint_url == seen["AWS_ENDPOINT_URL"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]", seen["_X_AMZN_TRACE_ID"])
    assert not {
        variable for variable in seen if re.search("LOCALSTACK|PROCESS_EXECUTOR|PYTEST|SSL|CERT|PROXY", variable)
    }


def test_interpreter_and_folder(localstack: Clients, functions: Functions) -> None:
    """The code lies in the working directory and comes first; the interpreter's environment has AWS's packages only."""
    name = functions()
    seen = invoke(localstack, name).payload
    assert seen["folder"] == seen["environment"]["LAMBDA_TASK_ROOT"] == seen["path"][0]
    assert ["app.py"] == seen["files"]
    assert "lambda-runtime" in seen["prefix"]
    for there in ("boto3", "botocore", "urllib3", "awslambdaric"):
        assert invoke(localstack, name, **{"import": there}).error is None
    for elsewhere in ("localstack", "pipeline", "orjson", "pytest", "click"):
        assert "ModuleNotFoundError" == invoke(localstack, name, **{"import": elsewhere}).payload["errorType"]


def test_aws_calls(localstack: Clients, functions: Functions) -> None:
    """A function reaches LocalStack's AWS services with the credentials that it is given."""
    assert invoke(localstack, functions(), buckets=True).error is None


def test_context(localstack: Clients, functions: Functions) -> None:
    """The context tells the time left, the ARN, the memory and the log stream."""
    name = functions(Timeout=7, MemorySize=192)
    seen = invoke(localstack, name).payload
    assert 5000 < seen["remaining_ms"] <= 7000
    assert seen["arn"].endswith(f":function:{name}")
    assert "192" == seen["memory"]
    assert seen["log_stream"] == seen["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]


def test_log(localstack: Clients, functions: Functions) -> None:
    """What was printed is in CloudWatch Logs as soon as the answer is here, between Lambda's lines."""
    answered = invoke(localstack, functions(), print="hello")
    request_id = answered.payload["request_id"]
    assert (
        f"INIT_START Runtime Version: python:3.13\nloading\nSTART RequestId: {request_id} Version: $LATEST\n"
        f"hello\nhello to stderr\n"
    ) == answered.log.split("[WARNING]")[0]
    report = answered.log.split(f"END RequestId: {request_id}\n")[1]
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms\t\n",
        report,
    )


def test_log_result(localstack: Clients, functions: Functions) -> None:
    """The tail of the log comes with the answer when it is asked for."""
    answer = localstack.functions.invoke(FunctionName=functions(), Payload=b"{}", LogType="Tail")
    assert answer["LogResult"]


def test_function_error(localstack: Clients, functions: Functions) -> None:
    """An exception is answered with type, message and stack trace, and the environment lives on."""
    name = functions()
    before = invoke(localstack, name).payload["pid"]
    answered = invoke(localstack, name, **{"raise": "boom"})
    assert ("Unhandled", "ValueError", "boom") == (
        answered.error,
        answered.payload["errorType"],
        answered.payload["errorMessage"],
    )
    assert "in handler" in answered.payload["stackTrace"][0]
    assert "[ERROR] ValueError: boom" in answered.log
    assert before == invoke(localstack, name).payload["pid"]


def test_timeout(localstack: Clients, functions: Functions) -> None:
    """At its timeout a function is killed, answered and logged as by AWS; the next invocation gets a fresh process."""
    name = functions(Timeout=2)
    before = invoke(localstack, name).payload["pid"]
    began = time.monotonic()
    answered = invoke(localstack, name, sleep=30)
    assert 2 <= time.monotonic() - began < 4
    assert ("Unhandled", "Sandbox.Timedout") == (answered.error, answered.payload["errorType"])
    assert re.fullmatch(r"RequestId: \S+ Error: Task timed out after 2\.00 seconds", answered.payload["errorMessage"])
    assert "Task timed out after 2.00 seconds" in answered.log
    assert not psutil.pid_exists(before)
    assert before != invoke(localstack, name).payload["pid"]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"exit": 3}, "Runtime exited with error: exit status 3"),
        ({"kill": 4}, "Runtime exited with error: exit status 4"),
        ({"kill": 0}, "Runtime exited without providing a reason"),
        ({"mib": 300}, "Runtime exited with error: signal: killed"),
    ],
)
def test_exit(localstack: Clients, functions: Functions, event: dict[str, int], text: str) -> None:
    """A process that ends in the middle of an invocation is answered at once; the next one gets a fresh process."""
    name = functions()
    began = time.monotonic()
    answered = invoke(localstack, name, **event)
    assert time.monotonic() - began < 8
    assert ("Unhandled", "Runtime.ExitError") == (answered.error, answered.payload["errorType"])
    assert answered.payload["errorMessage"].endswith(f"Error: {text}")
    assert invoke(localstack, name).error is None


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "text"),
    [
        ("import nonexistent", "app.handler", "Runtime.ImportModuleError", "No module named 'nonexistent'"),
        (CODE, "gone.handler", "Runtime.ImportModuleError", "No module named 'gone'"),
        (CODE, "app.gone", "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'app'"),
        (CODE, "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise KeyError('x')", "app.handler", "KeyError", "'x'"),
        ("import sys; sys.exit(9)", "app.handler", "Runtime.ExitError", "exit status 9"),
    ],
)
def test_init_error(
    localstack: Clients, functions: Functions, code: str, handler: str, error_type: str, text: str
) -> None:
    """A function that cannot be loaded is answered with the reason, quickly, and logged."""
    began = time.monotonic()
    answered = invoke(localstack, functions(code, Handler=handler))
    assert time.monotonic() - began < 8
    assert ("Unhandled", error_type) == (answered.error, answered.payload["errorType"])
    assert text in answered.payload["errorMessage"]
    assert error_type in answered.log


def test_concurrent_environments(localstack: Clients, functions: Functions) -> None:
    """Invocations at the same time get environments of their own, which serve the next ones warm."""
    name = functions()
    with ThreadPoolExecutor(4) as pool:
        first = {each.payload["pid"] for each in pool.map(lambda _: invoke(localstack, name, sleep=2), range(4))}
        second = {each.payload["pid"] for each in pool.map(lambda _: invoke(localstack, name, sleep=2), range(4))}
    assert 4 == len(first)
    assert first == second


def test_update(localstack: Clients, functions: Functions) -> None:
    """New code gets new environments, and the old ones end."""
    name = functions()
    before = invoke(localstack, name).payload["pid"]
    localstack.functions.update_function_code(
        FunctionName=name, ZipFile=zipped(app="def handler(event, context): return 'new'")
    )
    localstack.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert "new" == invoke(localstack, name).payload
    assert eventually(lambda: not psutil.pid_exists(before))


def test_delete(localstack: Clients, functions: Functions) -> None:
    """The environments of a deleted function end, and what the function had started with them."""
    name, mark = functions(), uuid.uuid4().hex
    invoke(localstack, name, child=mark)
    assert running(mark)
    localstack.functions.delete_function(FunctionName=name)
    assert eventually(lambda: not running(mark))


def test_layers(localstack: Clients, functions: Functions) -> None:
    """A layer's python folder can be imported from: after the function's code, and a later layer before an earlier."""
    contents: list[LayerVersionContentInputTypeDef] = [
        {"ZipFile": zipped(python__one="WHERE = 'first layer'", python__app="raise KeyError", python__two="WHERE = 1")},
        {"ZipFile": zipped(python__two="WHERE = 'second layer'")},
    ]
    layers = [
        localstack.functions.publish_layer_version(LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content=content)
        for content in contents
    ]
    code = "import one, two\ndef handler(event, context): return [one.WHERE, two.WHERE]"
    name = functions(code, Layers=[layer["LayerVersionArn"] for layer in layers])
    assert ["first layer", "second layer"] == invoke(localstack, name).payload


def test_other_runtimes(localstack: Clients) -> None:
    """A function of another runtime fails with the reason, instead of running on the wrong Python."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    localstack.functions.create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler", Code={"ZipFile": zipped(app=CODE)}
    )
    assert eventually(
        lambda: localstack.functions.get_function(FunctionName=name)["Configuration"]["State"] != "Pending"
    )
    configuration = localstack.functions.get_function(FunctionName=name)["Configuration"]
    assert "Failed" == configuration["State"]
    assert "runs python3.13 functions" in configuration["StateReason"]

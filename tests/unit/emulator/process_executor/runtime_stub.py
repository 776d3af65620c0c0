"""Stands for the AWS runtime interface client: `runtime_stub.py MODE`, told what to do by each event.

MODE `ready` asks for invocations; `fails` posts an init error; `exits` ends before it asks; `hangs` never asks;
`grows` takes more and more memory.
"""

import http.client
import json
import os
import subprocess
import sys
import time

BASE = "/2018-06-01/runtime"
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    connection.request(method, BASE + path, body, headers or {})
    return connection.getresponse()


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    answer = call("POST", path, body, headers)
    answer.read()
    return answer.status


def obey(event: dict[str, object], request_id: str, headers: dict[str, str]) -> None:
    if "print" in event:
        print(event["print"], end="", flush=True)  # noqa: T201 - for the log
    if "child" in event:
        subprocess.Popen([sys.executable, "-c", f"import time; open({event['child']!r}, 'w'); time.sleep(60)"])
        while not os.path.exists(str(event["child"])):  # noqa: PTH110 - imports little
            time.sleep(0.01)
    if "sleep" in event:
        time.sleep(float(str(event["sleep"])))
    if "take_mib" in event:
        taken = bytearray(int(str(event["take_mib"])) * 1024 * 1024)
        time.sleep(60)
        del taken
    if "exit" in event:
        os._exit(int(str(event["exit"])))
    if "error" in event:
        cause = {"Lambda-Runtime-Function-XRay-Error-Cause": "x" * int(str(event["error"]))}
        post(f"/invocation/{request_id}/error", b'{"errorType": "ValueError"}', cause)
    elif "size" in event:
        status = post(f"/invocation/{request_id}/response", b"x" * int(str(event["size"])))
        if status != http.client.ACCEPTED:
            sys.exit(f"refused with {status}")
    else:
        answer = {"event": event, "headers": headers, "pid": os.getpid(), "cwd": os.getcwd(), "env": dict(os.environ)}  # noqa: PTH109 - imports little
        post(f"/invocation/{request_id}/response", json.dumps(answer).encode())


def main() -> None:
    mode = sys.argv[1]
    print(f"init {mode}", flush=True)  # noqa: T201 - for the log
    if mode == "fails":
        post("/init/error", b'{"errorType": "Runtime.ImportModuleError"}')
        sys.exit(1)
    if mode == "exits":
        sys.exit(5)
    if mode == "hangs":
        time.sleep(60)
    if mode == "once":
        # The first time it exits, the second time it is ready.
        with open("tried", "a") as tried:  # noqa: PTH123 - imports little
            first = tried.tell() == 0
            tried.write("x")
        if first:
            sys.exit(6)
    while True:
        answer = call("GET", "/invocation/next")
        headers = {name.lower(): value for name, value in answer.getheaders()}
        obey(json.loads(answer.read()), headers["lambda-runtime-aws-request-id"], headers)


if __name__ == "__main__":
    main()

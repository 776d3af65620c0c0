"""Stands for LocalStack in the tests of its life: it answers for its health, and has children of every sort.

FAKE_MODE: `dies` at the start, is `mute` (never answers), or is `stubborn` (does not end when asked to).
"""

import http.server
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HEALTH = {"version": "4.14.0", "services": {"kinesis": "running", "s3": "available", "sqs": "error"}}


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(HEALTH).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    mode = os.environ.get("FAKE_MODE")
    print("this is a fake", flush=True)  # noqa: T201 - for the log
    if mode == "dies":
        sys.exit("no luck")
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    children = [
        subprocess.Popen(sleep),
        subprocess.Popen(sleep, start_new_session=True),  # as LocalStack starts Kinesis and DynamoDB
        subprocess.Popen(sleep, env={}, process_group=0),  # as a function may start what it likes
    ]
    state = Path(os.environ["HOME"]).parent
    (state / "pids.json").write_text(json.dumps([os.getpid(), *(child.pid for child in children)]))
    if mode == "mute":
        time.sleep(60)
    host, port = os.environ["GATEWAY_LISTEN"].split(":")
    http.server.ThreadingHTTPServer((host, int(port)), Health).serve_forever()


if __name__ == "__main__":
    main()

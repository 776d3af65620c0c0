"""PutRecords and BatchWriteItem on this machine, answered at once from memory: what is measured is the caller.

Run by bench_producer and bench_items.
"""

from __future__ import annotations

import functools
import socket
import sys
import threading

# Of a stream that is there, and of a batch of which nothing is left.
OTHERWISE = (
    b'{"StreamDescription":{"StreamName":"bench","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/bench",'
    b'"StreamStatus":"ACTIVE","Shards":[{"ShardId":"shardId-000000000000"}],"HasMoreShards":false},"UnprocessedItems":{}}'
)


@functools.cache
def answer(entries: int) -> bytes:
    """All of them are accepted; without any, the call is another one."""
    accepted = (b'{"SequenceNumber":"%056d","ShardId":"shardId-000000000000"}' % n for n in range(entries))
    body = b'{"FailedRecordCount":0,"Records":[' + b",".join(accepted) + b"]}" if entries else OTHERWISE
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def serve(connection: socket.socket) -> None:
    """One request after the other until the caller hangs up."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb", buffering=1024 * 1024) as requests:
        while requests.readline():
            length = 0
            while (line := requests.readline().lower().strip()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
                if line == b"expect: 100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(answer(requests.read(length).count(b'"PartitionKey"')))


def main() -> None:
    """Print the port, and serve until stdin is closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()

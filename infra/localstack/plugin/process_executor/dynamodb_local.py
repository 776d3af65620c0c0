"""Run DynamoDB Local on loopback: `dynamodb_local.py LIBJVM OPTION... -jar JAR ARGUMENT...`.

Started by `java`, it listens on every interface and has no setting for it. So the Java machine is started from
here, and its server is told its host before it starts.
"""

from __future__ import annotations

import sys

import jpype

SERVER_RUNNER = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


def main() -> None:
    """Start the server and stay until it is told to end."""
    libjvm, *words = sys.argv[1:]
    at = words.index("-jar")
    options, jar, arguments = words[:at], words[at + 1], words[at + 2 :]
    jpype.startJVM(libjvm, *options, classpath=[jar])
    server = jpype.JClass(SERVER_RUNNER).createServerFromCommandLineArgs(arguments)
    jetty = server.getClass().getDeclaredField("server")
    jetty.setAccessible(True)
    for connector in jetty.get(server).getConnectors():
        connector.setHost("127.0.0.1")
    server.safeStart()
    server.join()


if __name__ == "__main__":
    main()

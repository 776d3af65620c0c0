"""Kinesis and DynamoDB out of the npm packages beside this plugin, instead of what LocalStack would download.

What they, and S3, write goes into the folder of this LocalStack, which ends with it: by themselves they would share
/tmp with every other one on the machine, and leave it there.

DynamoDB Local's jar lies in amplify-dynamodb-simulator. LocalStack starts it with a Java agent that allows more
than 20 global secondary indexes; that agent is left out. Both listen on loopback only, and both are tethered.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from localstack.services.dynamodb.packages import DynamoDBLocalPackageInstaller
from localstack.services.dynamodb.server import DynamodbServer
from localstack.services.kinesis.kinesis_mock_server import KinesisMockNodeServer
from localstack.services.kinesis.packages import KinesisMockNodePackageInstaller
from localstack.services.s3 import provider as s3

from process_executor.tether import tethered

NODE_MODULES_VARIABLE = "PROCESS_EXECUTOR_NODE_MODULES"
LIBJVM_VARIABLE = "PROCESS_EXECUTOR_LIBJVM"
_HERE = Path(__file__).parent


def install() -> None:
    """Point LocalStack's installers and servers at the npm packages."""
    node_modules = Path(os.environ[NODE_MODULES_VARIABLE])
    DynamoDBLocalPackageInstaller.get_installed_dir = lambda _: str(
        node_modules / "amplify-dynamodb-simulator" / "emulator"
    )
    DynamoDBLocalPackageInstaller.get_java_env_vars = lambda _: {}
    s3.DEFAULT_S3_TMP_DIR = None  # a new folder among this LocalStack's temporary files
    KinesisMockNodePackageInstaller.get_installed_dir = lambda _: str(node_modules.parent)
    dynamodb_command = DynamodbServer._create_shell_command  # noqa: SLF001 - it has no other way in
    kinesis_command = KinesisMockNodeServer._create_shell_command  # noqa: SLF001 - the same

    def start_dynamodb(server: DynamodbServer) -> list[str]:
        _, *words = (word for word in dynamodb_command(server) if not word.startswith("-javaagent:"))
        words = [f"-Djava.io.tmpdir={tempfile.gettempdir()}", "-XX:-UsePerfData", *words]
        return tethered([sys.executable, str(_HERE / "dynamodb_local.py"), os.environ[LIBJVM_VARIABLE], *words])

    def start_kinesis(server: KinesisMockNodeServer) -> tuple[list[str], dict[str, object]]:
        (node, *words), variables = kinesis_command(server)
        return tethered([node, "--require", str(_HERE / "loopback.cjs"), *map(str, words)]), variables

    DynamodbServer._create_shell_command = start_dynamodb  # noqa: SLF001 - the same
    KinesisMockNodeServer._create_shell_command = start_kinesis  # noqa: SLF001 - the same

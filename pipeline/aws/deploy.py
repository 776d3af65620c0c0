"""Build, upload, deploy: the checkout as a running stack, in one call. The same against AWS and LocalStack."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.aws.artifacts import ArtifactBucket
from pipeline.aws.cloudformation.deployment import Deployment
from pipeline.aws.cloudformation.progress import Pace, Step
from pipeline.aws.cloudformation.removal import Removal
from pipeline.build import build
from pipeline.build.target import on_lambda, on_this_machine
from pipeline.errors import InputError
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Report
    from pipeline.aws.cloudformation.removal import Holder
    from pipeline.build.target import Target

# CloudFormation's rule; Lambda's is 64 characters, of which `-relay-changes` takes 14.
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,49}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LOCAL_PACE = Pace(interval_seconds=0.3, timeout_seconds=300)
_PACE = Pace()


@dataclass(frozen=True)
class Options:
    """What may be chosen about a deployment.

    Args:
        parameters: of the template.
        architecture: arm64 or x86_64; None for arm64 on AWS and for this machine's on LocalStack.
        docker: LocalStack runs in Docker: its functions run on Linux, whatever this machine runs.
        artifact_bucket: None for the one that is made for this account and region.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    docker: bool = False
    artifact_bucket: str | None = None


def deploy(
    clients: Clients, stack: str, *, report: Callable[[str], None], options: Options | None = None
) -> Mapping[str, str]:
    """Bring the stack up to date with this checkout, and return its outputs; `report` is told line by line.

    Raises DeployFailed with the resource and the reason, or InputError.
    """
    return prepare(clients, stack, report=lambda step: report(str(step)), options=options or Options()).run()


def prepare(clients: Clients, stack: str, *, report: Report, options: Options) -> Deployment:
    """The deployment of this checkout, its package built; nothing is deployed yet."""
    if not _STACK_NAME.fullmatch(stack):
        raise InputError(
            f"{stack!r} cannot name a stack: letters, digits and hyphens, a letter first, at most 50 characters "
            "(the functions are named after it)"
        )
    root = project_root()
    artifacts = ArtifactBucket.of(clients, options.artifact_bucket)  # asks AWS: no credentials, no build
    target = choose_target(clients, options)
    package = build(root, target, lambda line: report(Step("package", "BUILDING", line)))
    fresh = "as built before" if package.cached else "built"
    report(Step("package", "READY", f"{target}, {package.size_bytes:,} bytes, {fresh}"))
    return Deployment(
        clients=clients,
        stack=stack,
        template=root / "infra" / "template.yaml",
        package=package.path,
        parameters={"Architecture": target.architecture, **options.parameters},
        artifacts=artifacts,
        report=report,
        pace=pace(clients),
    )


def choose_target(clients: Clients, options: Options) -> Target:
    """What the package is built for: what Lambda runs on, or this machine when LocalStack runs on it."""
    wanted = options.architecture or options.parameters.get("Architecture")
    if is_on_this_machine(clients):
        return on_this_machine(wanted, docker=options.docker)
    return on_lambda(wanted)


def is_on_this_machine(clients: Clients) -> bool:
    """Whether the endpoint is LocalStack on this machine."""
    return clients.local or (clients.endpoint_url is not None and urlsplit(clients.endpoint_url).hostname in _LOOPBACK)


def delete(clients: Clients, stack: str, *, report: Callable[[str], None], data: bool = False) -> Sequence[Holder]:
    """Remove the stack, with the data that its template keeps when `data`; what is left."""
    return Removal(clients, stack, lambda step: report(str(step)), pace(clients)).run(data=data)


def pace(clients: Clients) -> Pace:
    """How often CloudFormation is asked: LocalStack has no rate limit and is done in seconds."""
    return _LOCAL_PACE if clients.endpoint_url else _PACE

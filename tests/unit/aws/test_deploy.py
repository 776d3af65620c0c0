"""What a deployment is built for, and how it is paced, by where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pipeline.aws.deploy import Options, choose_target, pace, prepare
from pipeline.build.target import ARM64, LINUX, X86_64, Target, on_this_machine
from pipeline.errors import InputError
from pipeline.testing.buckets import FakeAccount

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Step


def at(endpoint_url: str | None, *, local: bool = False) -> Clients:
    """Clients that look at this endpoint."""
    return cast("Clients", FakeAccount(endpoint_url=endpoint_url, local=local))


@pytest.mark.parametrize(
    ("clients", "options", "target"),
    [
        (at(None), Options(), Target(ARM64, LINUX)),
        (at(None), Options(architecture=X86_64), Target(X86_64, LINUX)),
        (at(None), Options(parameters={"Architecture": X86_64}), Target(X86_64, LINUX)),
        (at("https://localstack.example"), Options(), Target(ARM64, LINUX)),
        (at("http://127.0.0.1:4566", local=True), Options(), on_this_machine()),
        (at("http://localhost:4566"), Options(), on_this_machine()),
        (at("http://127.0.0.1:4566"), Options(docker=True), on_this_machine(docker=True)),
        (at("http://127.0.0.1:4566"), Options(architecture=ARM64), on_this_machine(ARM64)),
    ],
)
def test_target(clients: Clients, options: Options, target: Target) -> None:
    """AWS runs arm64 unless told otherwise; LocalStack on this machine runs what this machine runs."""
    assert target == choose_target(clients, options)


def test_pace() -> None:
    """AWS is asked every other second, for CloudFormation limits how often; LocalStack at once."""
    assert 2.0 == pace(at(None)).interval_seconds
    assert pace(at("http://127.0.0.1:4566")).interval_seconds < 1.0


@pytest.mark.parametrize("stack", ["", "1st", "under_score", "a.b", "a" * 51])
def test_a_name_that_no_stack_can_have(stack: str) -> None:
    """A name that CloudFormation or Lambda would refuse is refused before anything is built or asked."""
    told: list[Step] = []

    with pytest.raises(InputError, match="cannot name a stack: letters, digits and hyphens"):
        prepare(at(None), stack, report=told.append, options=Options())
    assert [] == told

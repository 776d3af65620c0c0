"""What the routes look up, `process` has the means for: a new lookup in a route names here what is missing."""

from __future__ import annotations

import pytest

from pipeline import topology
from pipeline.routes import PROCESS
from pipeline.topology.kinds import Grant

# What a kind of lookup needs: variables, and what may be done to which resource.
READ_OBJECTS = (
    Grant(f"{topology.REFERENCE_FILES.resource}/reference/*", frozenset({"s3:GetObject"})),
    Grant(topology.REFERENCE_FILES.resource, frozenset({"s3:ListBucket"})),
)
NEEDS: dict[str, tuple[set[str], tuple[Grant, ...]]] = {
    "table": (
        {"REFERENCE_TABLE", "LOOKUP_SECONDS"},
        (Grant(topology.REFERENCE.resource, frozenset({"dynamodb:BatchGetItem"})),),
    ),
    "object": ({"REFERENCE_BUCKET", "LOOKUP_SECONDS"}, READ_OBJECTS),
    "geoip": ({"REFERENCE_BUCKET", "LOOKUP_SECONDS"}, READ_OBJECTS),
    "secret": (
        {"STACK_NAME", "LOOKUP_SECONDS"},
        (
            Grant("Secrets/stack/*", frozenset({"secretsmanager:GetSecretValue"})),
            Grant("Parameters/stack/*", frozenset({"ssm:GetParameter"})),
        ),
    ),
    "deployment": ({"STACK_NAME", "ACCOUNT_ID"}, ()),
}
LOOKUPS = sorted({(name, lookup.kind) for name, route in PROCESS.items() for lookup in route.lookups})


@pytest.mark.parametrize(("route", "kind"), LOOKUPS)
def test_a_route_can_look_up_what_it_wants(route: str, kind: str) -> None:
    """For each lookup of a route the function has the variables and the rights."""
    variables, grants = NEEDS[kind]
    assert set() == variables - topology.PROCESS.environment.keys(), route
    assert set() == set(grants) - set(topology.PROCESS.grants), route


@pytest.mark.parametrize("kind", NEEDS)
def test_every_kind_can_be_looked_up(kind: str) -> None:
    """A lookup of any kind is one line in a route: nothing of the template has to change for it."""
    test_a_route_can_look_up_what_it_wants("any", kind)

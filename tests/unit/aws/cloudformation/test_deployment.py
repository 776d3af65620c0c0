"""A deployment in every state that a stack can be found in, and every way it can end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from pipeline.aws.artifacts import ArtifactBucket
from pipeline.aws.cloudformation.changes import Change
from pipeline.aws.cloudformation.deployment import Deployment
from pipeline.errors import DeployFailed, InputError
from pipeline.testing.cloudformation import FakeStack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Pace, Step
    from pipeline.testing.buckets import FakeAccount
    from pipeline.testing.cloudformation import Event

TEMPLATE = {
    "Parameters": {"Mode": {"Type": "String", "Default": "a"}, "Count": {"Type": "Number", "Default": 1}},
    "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "f/"}}},
    "Outputs": {"StreamName": {"Value": "x"}},
}
CREATED: list[Event] = [("", "CREATE_IN_PROGRESS", ""), ("F", "CREATE_COMPLETE", ""), ("", "CREATE_COMPLETE", "")]
UPDATED: list[Event] = [("", "UPDATE_IN_PROGRESS", ""), ("", "UPDATE_COMPLETE", "")]

type Prepare = Callable[..., Deployment]


@pytest.fixture
def prepare(account: FakeAccount, pace: Pace, told: list[Step], tmp_path: Path) -> Prepare:
    """Makes the deployment of a small template as stack `s`."""
    account.cloudformation.made = {"StreamName": "s-Stream-1"}
    template, package = tmp_path / "template.yaml", tmp_path / "package.zip"
    template.write_text(json.dumps(TEMPLATE))
    package.write_bytes(b"zip")
    clients = cast("Clients", account)

    def prepared(**parameters: str) -> Deployment:
        bucket = ArtifactBucket.of(clients)
        return Deployment(clients, "s", template, package, parameters, bucket, told.append, pace)

    return prepared


def operations(account: FakeAccount) -> list[str]:
    """What was done to CloudFormation, in order."""
    return [name for name, _ in account.cloudformation.actions]


def parameters(account: FakeAccount) -> object:
    """The parameters of the change set."""
    return next(
        request["Parameters"] for name, request in account.cloudformation.actions if "create_change_set" in name
    )


def test_a_new_stack(account: FakeAccount, prepare: Prepare) -> None:
    """A stack that does not exist is created, and its outputs are returned."""
    account.cloudformation.script = list(CREATED)

    assert {"StreamName": "s-Stream-1"} == prepare(Mode="b").run()
    assert ["create_change_set CREATE", "execute_change_set"] == operations(account)
    assert [{"ParameterKey": "Mode", "ParameterValue": "b"}] == parameters(account)


def test_what_is_uploaded(account: FakeAccount, prepare: Prepare) -> None:
    """The package and the template that names it are uploaded before the change set that names the template."""
    account.cloudformation.script = list(CREATED)

    prepare().run()

    (name, bucket), *_ = account.s3.buckets.items()
    (package, _, code), (template, _, body) = bucket.versions
    assert b"zip" == code
    assert {"Bucket": name, "Key": package} == json.loads(body)["Resources"]["F"]["Properties"]["CodeUri"]
    assert account.cloudformation.actions[0][1]["TemplateURL"].endswith(f"/{name}/{template}")


def test_an_existing_stack(account: FakeAccount, prepare: Prepare) -> None:
    """A stack that exists is updated; parameters that are not given keep their values, new ones take their default."""
    account.cloudformation.stacks["s"] = FakeStack("s", "UPDATE_ROLLBACK_COMPLETE", parameters={"Mode": "b"})
    account.cloudformation.script = list(UPDATED)

    assert {"StreamName": "s-Stream-1"} == prepare().run()
    assert ["create_change_set UPDATE", "execute_change_set"] == operations(account)
    assert [{"ParameterKey": "Mode", "UsePreviousValue": True}] == parameters(account)


def test_a_change_set_was_left_behind(account: FakeAccount, prepare: Prepare) -> None:
    """A stack that is only a change set is created."""
    account.cloudformation.stacks["s"] = FakeStack("s", "REVIEW_IN_PROGRESS")
    account.cloudformation.script = list(CREATED)

    prepare().run()

    assert ["create_change_set CREATE", "execute_change_set"] == operations(account)


def test_no_changes(account: FakeAccount, prepare: Prepare, told: list[Step]) -> None:
    """A stack that is up to date is a success that says so."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", outputs={"StreamName": "s-Stream-1"})
    account.cloudformation.refusal = "The submitted information didn't contain changes."

    assert {"StreamName": "s-Stream-1"} == prepare().run()
    assert ("s", "UNCHANGED") == (told[-1].subject, told[-1].status)
    assert "execute_change_set" not in operations(account)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_change_set_without_changes(
    account: FakeAccount,
    prepare: Prepare,
    told: list[Step],
    as_text: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """An empty change set for the stack's own template and parameters is not executed: the stack is up to date."""
    account.cloudformation.script = list(CREATED)
    prepare(Mode="b").run()
    body = account.s3.buckets[ArtifactBucket.of(cast("Clients", account)).name].versions[-1][2]
    stack = account.cloudformation.stacks["s"]
    stack.parameters, stack.template = {"Mode": "b", "Count": "1"}, body.decode() if as_text else json.loads(body)
    account.cloudformation.changes = []
    account.cloudformation.actions.clear()

    prepare(Mode="b").run()

    assert ("s", "UNCHANGED") == (told[-1].subject, told[-1].status)
    assert ["create_change_set UPDATE", "delete_change_set"] == operations(account)


def test_outputs_alone_can_change(account: FakeAccount, prepare: Prepare) -> None:
    """A change set without resource changes is executed when the template or a parameter is another."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", parameters={"Mode": "b"}, template={})
    account.cloudformation.changes = []
    account.cloudformation.script = list(UPDATED)

    prepare(Mode="b").run()

    assert ["create_change_set UPDATE", "execute_change_set"] == operations(account)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_first_creation_that_failed(account: FakeAccount, prepare: Prepare, told: list[Step], status: str) -> None:
    """A stack whose first creation failed is removed, which is told, and created anew without its old parameters."""
    account.cloudformation.stacks["s"] = FakeStack("s", status, parameters={"Mode": "b"})
    account.cloudformation.script = [("", "DELETE_IN_PROGRESS", ""), ("", "DELETE_COMPLETE", "")]

    with pytest.raises(DeployFailed, match="took longer"):  # the script ends with the removal
        prepare().run()

    assert "its first creation failed; removed to begin anew" == told[0].detail
    assert ["delete_stack", "create_change_set CREATE"] == operations(account)[:2]
    assert [] == parameters(account)


def test_a_failed_stack_that_cannot_be_removed(account: FakeAccount, prepare: Prepare) -> None:
    """When the removal fails, the resource and the reason are told and nothing is created."""
    account.cloudformation.stacks["s"] = FakeStack("s", "ROLLBACK_COMPLETE")
    account.cloudformation.script = [("Bucket", "DELETE_FAILED", "not empty"), ("", "DELETE_FAILED", "")]

    with pytest.raises(DeployFailed, match=r"DELETE_FAILED because of Bucket \(AWS::Test::Bucket: not empty\)"):
        prepare().run()
    assert ["delete_stack"] == operations(account)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("UPDATE_IN_PROGRESS", "wait until that is done"),
        ("DELETE_IN_PROGRESS", "wait until that is done"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("DELETE_FAILED", "remove it with `pipeline delete`"),
    ],
)
def test_a_stack_that_stands_in_the_way(account: FakeAccount, prepare: Prepare, status: str, remedy: str) -> None:
    """A stack that cannot be changed now is left alone, and the error says what to do."""
    account.cloudformation.stacks["s"] = FakeStack("s", status)

    with pytest.raises(DeployFailed, match=f"stack 's' in us-east-1 is in {status}; .*{remedy}"):
        prepare().run()
    assert [] == operations(account)
    assert {} == account.s3.buckets


def test_a_creation_that_fails(account: FakeAccount, prepare: Prepare) -> None:
    """A failure names the resource that failed first by itself, and its reason."""
    account.cloudformation.script = [
        ("Table", "CREATE_FAILED", "Resource creation cancelled"),
        ("F", "CREATE_FAILED", "The role cannot be assumed"),
        ("", "ROLLBACK_IN_PROGRESS", ""),
        ("", "ROLLBACK_COMPLETE", ""),
    ]

    with pytest.raises(DeployFailed) as raised:
        prepare().run()

    assert "stack 's' is in ROLLBACK_COMPLETE because of F (AWS::Test::F: The role cannot be assumed)" == str(
        raised.value
    )


def test_an_update_that_is_rolled_back(account: FakeAccount, prepare: Prepare) -> None:
    """A roll-back of an update is a failure, though the stack is whole again."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", outputs={"StreamName": "x"})
    account.cloudformation.script = [("F", "UPDATE_FAILED", "no"), ("", "UPDATE_ROLLBACK_COMPLETE", "")]

    with pytest.raises(DeployFailed, match="is in UPDATE_ROLLBACK_COMPLETE because of F"):
        prepare().run()


def test_a_failure_without_a_reason(account: FakeAccount, prepare: Prepare) -> None:
    """When no resource says why, the error says where to look."""
    account.cloudformation.script = [("", "ROLLBACK_COMPLETE", "")]

    with pytest.raises(DeployFailed, match="came to rest in ROLLBACK_COMPLETE; its events say why"):
        prepare().run()


def test_an_unknown_parameter(account: FakeAccount, prepare: Prepare) -> None:
    """A parameter that the template does not have is refused before anything is uploaded."""
    with pytest.raises(InputError, match="no parameter 'Nope'; it has Mode, Count"):
        prepare(Nope="1").run()
    assert {} == account.s3.buckets


def test_preview_of_a_new_stack(account: FakeAccount, prepare: Prepare) -> None:
    """A look returns the changes and leaves no stack behind."""
    assert (Change("Add", "Stream", "AWS::Kinesis::Stream"),) == prepare().preview()
    assert "DELETE_COMPLETE" == account.cloudformation.stacks["s"].status


def test_preview_of_an_existing_stack(account: FakeAccount, prepare: Prepare) -> None:
    """A look at an existing stack executes nothing and leaves it as it is."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE")
    account.cloudformation.changes = [("Modify", "Table", "AWS::DynamoDB::Table", "True")]

    assert (Change("Modify", "Table", "AWS::DynamoDB::Table", "True"),) == prepare().preview()
    assert ["create_change_set UPDATE", "delete_change_set"] == operations(account)


def test_preview_of_no_changes(account: FakeAccount, prepare: Prepare) -> None:
    """A look at a stack that is up to date shows nothing."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE")
    account.cloudformation.refusal = "No updates are to be performed."

    assert () == prepare().preview()


def test_preview_removes_nothing(account: FakeAccount, prepare: Prepare) -> None:
    """A look at a stack whose creation failed says what a deploy would do, and does not do it."""
    account.cloudformation.stacks["s"] = FakeStack("s", "ROLLBACK_COMPLETE")

    with pytest.raises(DeployFailed, match="a deploy removes it and begins anew"):
        prepare().preview()
    assert [] == operations(account)


def test_outputs_that_come_late(account: FakeAccount, prepare: Prepare) -> None:
    """Outputs that are not all there at once are waited for, and the wait ends."""
    account.cloudformation.script = list(CREATED)
    account.cloudformation.made = {"Other": "x"}

    with pytest.raises(DeployFailed, match="reading the outputs of stack s took longer"):
        prepare().run()

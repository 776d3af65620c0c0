"""CloudFormation in memory: stacks, change sets, and events that come one poll at a time, as they are written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK_TYPE = "AWS::CloudFormation::Stack"

type Event = tuple[str, str, str]
"""What happens to a resource: its logical id (empty for the stack itself), its status, the reason."""


def client_error(code: str, message: str, status: int = 400) -> ClientError:
    """An error as a client raises it."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@dataclass
class FakeStack:
    """A stack: its status, and what it was made with; `events` are newest first.

    A resource is its logical id, its type, its name.
    """

    name: str
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    template: object = None
    outputs: dict[str, str] = field(default_factory=dict)
    resources: list[tuple[str, str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)

    @property
    def stack_id(self) -> str:
        """Its ARN."""
        return f"arn:aws:cloudformation:us-east-1:000000000000:stack/{self.name}/1"


@dataclass
class FakeCloudFormation:
    """The client, as far as deploying needs it.

    Args:
        script: the events of the next operation; each look at the events brings the next one.
        changes: the resource changes of the next change set, as (action, resource, type, replacement).
        refusal: why the next change set fails; None lets it succeed.
        made: the outputs that a stack has once its operation is complete.
        errors: raised by the next calls of the operation they are listed under; None lets a call through.
    """

    script: list[Event] = field(default_factory=list)
    changes: list[tuple[str, str, str, str]] = field(
        default_factory=lambda: [("Add", "Stream", "AWS::Kinesis::Stream", "")]
    )
    refusal: str | None = None
    made: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, FakeStack] = field(default_factory=dict)
    errors: dict[str, list[Exception | None]] = field(default_factory=dict)
    actions: list[tuple[str, Any]] = field(default_factory=list)
    page_changes: int = 100
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name="us-east-1"))
    _running: FakeStack | None = None
    _told: int = 0

    # what is asked --------------------------------------------------------------------------------

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - the client's own names, here and below
        """Describe one stack, by name or ARN."""
        self._fail("describe_stacks")
        stack = self._stack(StackName)
        return {
            "Stacks": [
                {
                    "StackName": stack.name,
                    "StackId": stack.stack_id,
                    "StackStatus": stack.status,
                    "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
                    "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in stack.outputs.items()],
                }
            ]
        }

    def describe_change_set(self, ChangeSetName: str, NextToken: str = "0", **_: str) -> dict[str, Any]:  # noqa: N803
        """Describe a change set, a page of changes at a time."""
        self._fail("describe_change_set")
        start = int(NextToken)
        page = self.changes[start : start + self.page_changes]
        more = start + self.page_changes < len(self.changes)
        return {
            "ChangeSetId": ChangeSetName,
            "Status": "CREATE_COMPLETE" if self.refusal is None else "FAILED",
            "StatusReason": self.refusal or "",
            "Changes": [
                {
                    "Type": "Resource",
                    "ResourceChange": {"Action": a, "LogicalResourceId": r, "ResourceType": t, "Replacement": x},
                }
                for a, r, t, x in page
            ],
            **({"NextToken": str(start + self.page_changes)} if more else {}),
        }

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        """The template that a stack was made from."""
        return {"TemplateBody": self._stack(StackName).template}

    def get_paginator(self, operation: str) -> FakePaginator:
        """A paginator of the operation: pages of two."""
        return FakePaginator(self, operation)

    # what is done ---------------------------------------------------------------------------------

    def create_change_set(self, StackName: str, ChangeSetType: str, **request: Any) -> dict[str, str]:  # noqa: ANN401, N803 - the client's own shape
        """Make a change set, and the stack that holds it."""
        self._fail("create_change_set")
        self.actions.append((f"create_change_set {ChangeSetType}", request))
        stack = self.stacks.setdefault(StackName, FakeStack(StackName, "REVIEW_IN_PROGRESS"))
        return {"Id": f"change-set-of-{StackName}", "StackId": stack.stack_id}

    def delete_change_set(self, ChangeSetName: str, StackName: str) -> None:  # noqa: N803
        """Forget a change set."""
        del StackName
        self.actions.append(("delete_change_set", ChangeSetName))

    def execute_change_set(self, ChangeSetName: str, StackName: str) -> None:  # noqa: N803
        """Begin to play the script."""
        self.actions.append(("execute_change_set", ChangeSetName))
        self._begin(self._stack(StackName))

    def delete_stack(self, StackName: str) -> None:  # noqa: N803
        """Begin to play the script, or be gone at once when there was nothing but a change set."""
        stack = self._stack(StackName)
        self.actions.append(("delete_stack", stack.name))
        if stack.status == "REVIEW_IN_PROGRESS":
            stack.status = "DELETE_COMPLETE"
        else:
            self._begin(stack)

    # inside ---------------------------------------------------------------------------------------

    def pages(self, operation: str, stack_name: str) -> list[dict[str, Any]]:
        """What a paginator of the operation goes through."""
        self._fail(operation)
        stack = self._stack(stack_name)
        if operation == "list_stack_resources":
            names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
            return [{"StackResourceSummaries": [dict(zip(names, each, strict=True)) for each in stack.resources]}]
        self._advance()
        return [{"StackEvents": stack.events[at : at + 2]} for at in range(0, max(len(stack.events), 1), 2)]

    def _begin(self, stack: FakeStack) -> None:
        self._running = stack

    def _advance(self) -> None:
        if self._running is None or not self.script:
            return
        stack, (resource, status, reason) = self._running, self.script.pop(0)
        self._told += 1
        stack.events.insert(
            0,
            {
                "EventId": str(self._told),
                "LogicalResourceId": resource or stack.name,
                "PhysicalResourceId": resource or stack.stack_id,
                "ResourceType": f"AWS::Test::{resource}" if resource else STACK_TYPE,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            },
        )
        if not resource:
            stack.status = status
            if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                stack.outputs = dict(self.made)

    def _stack(self, name: str) -> FakeStack:
        for stack in self.stacks.values():
            if name == stack.stack_id or (name == stack.name and stack.status != "DELETE_COMPLETE"):
                return stack
        raise client_error("ValidationError", f"Stack with id {name} does not exist")

    def _fail(self, operation: str) -> None:
        errors = self.errors.get(operation, [])
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error


@dataclass
class FakePaginator:
    """Pages of one operation of the fake."""

    client: FakeCloudFormation
    operation: str

    def paginate(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Every page, newest events first."""
        return iter(self.client.pages(self.operation, StackName))

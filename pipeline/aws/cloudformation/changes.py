"""A change set: what CloudFormation would do to a stack, found out before it does it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError

from pipeline.aws.failures import error_code
from pipeline.errors import DeployFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import DescribeChangeSetOutputTypeDef, ParameterTypeDef

    from pipeline.aws.cloudformation.progress import Pace

type Kind = Literal["CREATE", "UPDATE"]

# The roles have names that CloudFormation makes (CAPABILITY_IAM); SAM is a macro (CAPABILITY_AUTO_EXPAND).
_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
_NOTHING_TO_DO: Final = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that would change.

    Args:
        action: Add, Modify, Remove, Import or Dynamic.
        replacement: whether it would be made anew: True, False, Conditional, or empty where that has no meaning.
    """

    action: str
    resource: str
    kind: str
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that can be executed."""

    arn: str
    stack_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stack is to become.

    Args:
        stack: its name.
        template_url: where CloudFormation finds the template, in S3.
    """

    stack: str
    kind: Kind
    template_url: str
    parameters: Sequence[ParameterTypeDef]


def create(client: CloudFormationClient, wanted: Wanted, pace: Pace) -> ChangeSet | None:
    """Make the change set; None when the stack is what it should be already. Raises DeployFailed with the reason."""
    made = client.create_change_set(
        StackName=wanted.stack,
        ChangeSetName=f"deploy-{uuid.uuid4().hex}",
        ChangeSetType=wanted.kind,
        TemplateURL=wanted.template_url,
        Parameters=list(wanted.parameters),
        Capabilities=list(_CAPABILITIES),
    )
    arn, stack_id = made["Id"], made["StackId"]
    answer = pace.until(lambda: _finished(client, arn, stack_id), f"the change set of stack {wanted.stack}")
    if answer["Status"] == "CREATE_COMPLETE":
        return ChangeSet(arn, stack_id, tuple(_changes(client, answer)))
    client.delete_change_set(ChangeSetName=arn, StackName=stack_id)
    reason = " ".join(answer.get("StatusReason", "no reason given").split())
    if any(each in reason for each in _NOTHING_TO_DO):
        return None
    if wanted.kind == "CREATE":
        discard_empty(client, stack_id)
    raise DeployFailed(f"CloudFormation refuses the change of stack {wanted.stack}: {reason}")


def discard(client: CloudFormationClient, change_set: ChangeSet, kind: Kind) -> None:
    """Forget a change set that was only looked at, and the empty stack that was made to hold it."""
    client.delete_change_set(ChangeSetName=change_set.arn, StackName=change_set.stack_id)
    if kind == "CREATE":
        discard_empty(client, change_set.stack_id)


def discard_empty(client: CloudFormationClient, stack_id: str) -> None:
    """Remove a stack in which nothing was ever created; any other is left alone."""
    found = client.describe_stacks(StackName=stack_id)["Stacks"]
    if found and found[0]["StackStatus"] == "REVIEW_IN_PROGRESS":
        client.delete_stack(StackName=stack_id)


def _finished(client: CloudFormationClient, arn: str, stack_id: str) -> DescribeChangeSetOutputTypeDef | None:
    try:
        answer = client.describe_change_set(ChangeSetName=arn, StackName=stack_id)
    except ClientError as error:
        if error_code(error) == "ChangeSetNotFound":  # not everywhere yet
            return None
        raise
    return answer if answer["Status"] in {"CREATE_COMPLETE", "FAILED"} else None


def _changes(client: CloudFormationClient, first: DescribeChangeSetOutputTypeDef) -> list[Change]:
    pages = [first]
    while token := pages[-1].get("NextToken"):
        pages.append(client.describe_change_set(ChangeSetName=first["ChangeSetId"], NextToken=token))
    found = [each["ResourceChange"] for page in pages for each in page.get("Changes", ()) if "ResourceChange" in each]
    return [
        Change(
            each.get("Action", ""),
            each.get("LogicalResourceId", ""),
            each.get("ResourceType", ""),
            each.get("Replacement", ""),
        )
        for each in found
    ]

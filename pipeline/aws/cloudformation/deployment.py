"""Bring a stack up to date: package and template to S3, a change set, its execution, and what came of it.

A stack whose first creation failed holds nothing that was ever used and cannot be updated: it is removed first. One
that is being changed at this moment, or that is stuck half-way, is left alone, and the error says what to do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.aws.cloudformation import changes, find, where
from pipeline.aws.cloudformation import outputs as read_outputs
from pipeline.aws.cloudformation.changes import Wanted
from pipeline.aws.cloudformation.progress import Follower, Pace, Step
from pipeline.aws.cloudformation.template import dump, load, with_code
from pipeline.errors import DeployFailed, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

    from pipeline.aws.artifacts import ArtifactBucket
    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.changes import Change, ChangeSet
    from pipeline.aws.cloudformation.progress import Report
    from pipeline.aws.cloudformation.template import Template

_NEVER_CREATED: Final = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
_GOOD: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
_UP_TO_DATE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


@dataclass(frozen=True)
class Deployment:
    """One stack, and what it is to become.

    Args:
        template: the file; it may name folders of the checkout as code.
        package: the zip that becomes the code of its functions.
        parameters: of the template; one that is left out keeps its value, or has its default in a new stack.
    """

    clients: Clients
    stack: str
    template: Path
    package: Path
    parameters: Mapping[str, str]
    artifacts: ArtifactBucket
    report: Report
    pace: Pace = field(default_factory=Pace)

    def run(self) -> Mapping[str, str]:
        """Deploy, and return the outputs. Raises DeployFailed naming the resource and the reason."""
        existing = find(self.clients, self.stack)
        if existing and existing["StackStatus"] in _NEVER_CREATED:
            self._remove(existing)
            existing = None
        change_set = self._change_set(existing)
        if change_set is None:
            self.report(Step(self.stack, "UNCHANGED", "it is up to date already"))
        else:
            self._execute(change_set)
        return self._outputs()

    def preview(self) -> tuple[Change, ...]:
        """What `run` would change. Only the package and the template are left in the artifact bucket."""
        existing = find(self.clients, self.stack)
        change_set = self._change_set(existing)
        if change_set is None:
            return ()
        changes.discard(self.clients.cloudformation, change_set, _kind(existing))
        return change_set.changes

    def _change_set(self, existing: StackTypeDef | None) -> ChangeSet | None:
        self._check(existing)
        template = load(self.template)
        parameters = _parameters(template, self.parameters, existing)
        self.artifacts.ensure(self.report)
        key = self.artifacts.put_file("packages", self.package, self.report)
        filled = dump(with_code(template, self.artifacts.name, key))
        url = self.artifacts.url(self.artifacts.put("templates", "json", filled, self.report))
        wanted = Wanted(self.stack, _kind(existing), url, parameters)
        made = changes.create(self.clients.cloudformation, wanted, self.pace)
        if made is not None and not made.changes and existing and self._is_as_wanted(existing, filled):
            changes.discard(self.clients.cloudformation, made, wanted.kind)
            return None
        if made is not None:
            count = len(made.changes)
            self.report(
                Step(
                    self.stack, f"{wanted.kind}_READY", f"{count} resources change" if count else "no resource changes"
                )
            )
        return made

    def _is_as_wanted(self, existing: StackTypeDef, filled: bytes) -> bool:
        """Whether template and parameters are the stack's own: LocalStack makes change sets without any change."""
        before = {each["ParameterKey"]: each["ParameterValue"] for each in existing.get("Parameters", ())}
        body: object = self.clients.cloudformation.get_template(StackName=existing["StackId"])["TemplateBody"]
        same = body == json.loads(filled) or body == filled.decode()
        return same and self.parameters.items() <= before.items()

    def _check(self, existing: StackTypeDef | None) -> None:
        if existing and _kind(existing) == "UPDATE" and existing["StackStatus"] not in _GOOD:
            status = existing["StackStatus"]
            raise DeployFailed(f"stack {self.stack!r} {where(self.clients)} is in {status}; {_remedy(status)}")

    def _remove(self, existing: StackTypeDef) -> None:
        self.report(Step(self.stack, existing["StackStatus"], "its first creation failed; removed to begin anew"))
        client, stack_id = self.clients.cloudformation, existing["StackId"]
        follower = Follower(client, stack_id, self.report, self.pace)
        client.delete_stack(StackName=stack_id)
        status = follower.follow(f"removing stack {self.stack}", ends="DELETE_COMPLETE")
        if status != "DELETE_COMPLETE":
            raise DeployFailed(_failure(self.stack, status, follower.failures))

    def _execute(self, change_set: ChangeSet) -> None:
        client = self.clients.cloudformation
        follower = Follower(client, change_set.stack_id, self.report, self.pace)
        client.execute_change_set(ChangeSetName=change_set.arn, StackName=change_set.stack_id)
        status = follower.follow(f"deploying stack {self.stack}")
        if status not in _UP_TO_DATE:
            raise DeployFailed(_failure(self.stack, status, follower.failures))

    def _outputs(self) -> Mapping[str, str]:
        """The outputs, all of them: LocalStack has them a moment after it says that it is done."""
        names = load(self.template).get("Outputs", {}).keys()
        if not names:
            return {}

        def complete() -> Mapping[str, str] | None:
            found = find(self.clients, self.stack)
            present = {each["OutputKey"] for each in found.get("Outputs", ())} if found else set()
            return read_outputs(self.clients, self.stack) if names <= present else None

        return self.pace.until(complete, f"reading the outputs of stack {self.stack}")


def _kind(existing: StackTypeDef | None) -> changes.Kind:
    """REVIEW_IN_PROGRESS is a stack of which only a change set was ever made."""
    return "UPDATE" if existing and existing["StackStatus"] != "REVIEW_IN_PROGRESS" else "CREATE"


def _parameters(template: Template, given: Mapping[str, str], existing: StackTypeDef | None) -> list[ParameterTypeDef]:
    known = template.get("Parameters", {})
    for name in given:
        if name not in known:
            raise InputError(f"the template has no parameter {name!r}; it has {', '.join(known)}")
    before = {each["ParameterKey"] for each in existing.get("Parameters", ())} if existing else set()
    kept = [name for name in known if name in before and name not in given]
    asked: list[ParameterTypeDef] = [{"ParameterKey": name, "ParameterValue": given[name]} for name in given]
    left: list[ParameterTypeDef] = [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
    return asked + left


def _remedy(status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return "wait until that is done, then deploy again"
    if status in _NEVER_CREATED:
        return "its first creation failed; a deploy removes it and begins anew"
    if status == "UPDATE_ROLLBACK_FAILED":
        return "let it finish first: aws cloudformation continue-update-rollback"
    return "remove it with `pipeline delete`, then deploy again"


def _failure(stack: str, status: str, failures: list[Step]) -> str:
    if not failures:
        return (
            f"stack {stack!r} came to rest in {status}; its events say why (aws cloudformation describe-stack-events)"
        )
    first = failures[0]
    return f"stack {stack!r} is in {status} because of {first.subject} ({first.detail})"

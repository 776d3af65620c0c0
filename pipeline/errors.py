"""Every error of the project, and what the consumer does about it.

    PipelineError                 one clear line for a person; the commands print it and exit 1
    ├── Rejection                 the record can never succeed: dead letter with its reason, and the batch goes on
    ├── Retryable                 it could succeed later: the partial batch response names the record
    ├── Misconfiguration          the function cannot reach what it was given: raised, the invocation fails loudly
    ├── BugFlood                  most of a batch hits a bug, so the deploy is bad: raised, the invocation fails loudly
    ├── WrongDeclaration          a route or a transform that cannot be right: raised at import, before any record
    ├── LedgerMismatch            the counts of a batch do not add up: raised, the invocation fails loudly
    ├── InputError                what a person gave cannot be used
    ├── NotDeployed               the stack, or a resource of it, is not there
    ├── DeployFailed              the stack could not be brought up to date
    ├── EmulatorError             LocalStack could not be started, reached or stopped
    └── Incomplete                the command ran, but not everything it was given arrived

Any other exception on a record is a bug: a dead letter with the reason `bug`, unless it is a flood of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.model import Reason


class PipelineError(Exception):
    """The root: its text is one line that says what is wrong and what to do next."""


class Rejection(PipelineError):
    """A record that can never succeed.

    Args:
        reason: the stable code that the dead letter carries.
        detail: what was wrong, for a person; it holds no record content beyond names and pointers.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Retryable(PipelineError):
    """A call that may succeed later: throttled, timed out, out of reach for a moment."""


class Misconfiguration(PipelineError):
    """A missing permission or resource; no retry of the record helps, a new deploy does."""


class BugFlood(PipelineError):
    """Unexpected exceptions on most of a batch: a bad deploy must not empty the stream into the dead letters."""


class WrongDeclaration(PipelineError):
    """A route or a transform that cannot be right as it is declared; the text has the place and the remedy."""


class LedgerMismatch(PipelineError):
    """Records in is not delivered + dropped + dead-lettered + retried."""


class InputError(PipelineError):
    """A file, a line or an option that cannot be used as it is.

    Args:
        text: what is wrong, and what to do next.
        reason: of a record, the stable code that its bytes have at every door; None where it depends on the door.
    """

    def __init__(self, text: str, reason: Reason | None = None) -> None:
        super().__init__(text)
        self.reason = reason


class NotDeployed(PipelineError):
    """The stack does not exist, or has no such resource."""


class DeployFailed(PipelineError):
    """CloudFormation refused or rolled back; the text names the resource and the reason."""


class EmulatorError(PipelineError):
    """LocalStack could not be installed, started, reached or stopped."""


class Incomplete(PipelineError):
    """Some of what was given did not arrive; the text says how much and what to do."""

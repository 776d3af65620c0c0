"""The settings of an event source mapping, and what of its behaviour nobody has proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.topology.kinds import Function

# Lambda API reference, CreateEventSourceMapping: the bounds of each setting.
_BOUNDS: Final = {
    "batch_size": (1, 10_000),
    "window_seconds": (0, 300),
    "parallelization_factor": (1, 10),
    "maximum_retry_attempts": (-1, 10_000),
    "maximum_record_age_seconds": (-1, 604_800),
    "timeout_seconds": (1, 900),
}
_LEAST_AGE_SECONDS: Final = 60
FOREVER: Final = -1


@dataclass(frozen=True, slots=True)
class Unproven:
    """Where no recording and no document says what Lambda does: whoever relies on the mapping must hold under both.

    Args:
        isolates_poison: when its retries are spent, a partial failure with bisect gives up only the record that was
            named; otherwise all that is left of the batch.
        progress_resets_retries: a partial failure that moved the checkpoint starts counting anew. (The one recording
            there is, a record named by a batch of three and then four times alone, says so.)
        wrong_key_fails: a response without `batchItemFailures` that is not empty fails the batch; otherwise it is
            success.
        foreign_identifier_fails: an identifier that is none of the batch fails it whole; otherwise it is overlooked. In
            a batch of one it fails, which is recorded.
        refills: what is left after a partial failure is delivered again together with newer records, up to the batch
            size; otherwise alone.
        payload_is_text: the `payload` of the S3 destination is JSON in a string; otherwise an object.
    """

    isolates_poison: bool = False
    progress_resets_retries: bool = True
    wrong_key_fails: bool = False
    foreign_identifier_fails: bool = True
    refills: bool = False
    payload_is_text: bool = False


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """The settings, under Lambda's names in Python's spelling; -1 stands for no limit, as it does there.

    Args:
        filters: the patterns of FilterCriteria; a record that matches none is not delivered.
        destination: what kind of on-failure destination there is.
        timeout_seconds: the function's.

    Raises ValueError for what Lambda would not take.
    """

    batch_size: int = 100
    window_seconds: float = 0
    parallelization_factor: int = 1
    bisects_on_error: bool = False
    reports_item_failures: bool = True
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_seconds: int = FOREVER
    starting_position: Literal["TRIM_HORIZON", "LATEST"] = "TRIM_HORIZON"
    filters: tuple[Mapping[str, Any], ...] = ()
    destination: Literal["s3", "sqs"] | None = None
    timeout_seconds: float = 60
    unproven: Unproven = field(default_factory=Unproven)

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from {least} to {most}, not {getattr(self, name)}")
        if FOREVER < self.maximum_record_age_seconds < _LEAST_AGE_SECONDS:
            raise ValueError("maximum_record_age_seconds must be -1, or at least 60")

    @classmethod
    def of(cls, function: Function) -> Self:
        """The mapping that the template makes for a function's stream, the first of several."""
        source = function.sources[0]
        return cls(
            batch_size=source.batch_size,
            window_seconds=source.window_seconds,
            parallelization_factor=source.batches_per_shard,
            bisects_on_error=True,
            maximum_retry_attempts=source.retries,
            maximum_record_age_seconds=source.age_seconds,
            destination="s3",
            timeout_seconds=function.timeout_seconds,
        )

    def is_spent(self, attempts: int) -> bool:
        """Whether that many invocations were all that a batch gets."""
        return FOREVER < self.maximum_retry_attempts < attempts

    def is_too_old(self, age_seconds: float) -> bool:
        """Whether a record of that age is given up."""
        return FOREVER < self.maximum_record_age_seconds < age_seconds

"""A stream-processing pipeline on Amazon Kinesis and DynamoDB Streams: records are not lost, doubled or reordered."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library import AsyncProducer, Producer

__all__ = ["AsyncProducer", "Producer", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the imports above tell the types
    """Import boto3, which takes a while, only when a producer is asked for."""
    if name in {"AsyncProducer", "Producer"}:
        from pipeline import library  # noqa: PLC0415 - it imports boto3

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

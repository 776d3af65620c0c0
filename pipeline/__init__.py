"""A stream-processing pipeline on Amazon Kinesis and DynamoDB Streams: records are not lost, doubled or reordered."""

__version__ = "0.1.0"

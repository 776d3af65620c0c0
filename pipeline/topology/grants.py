"""What several functions may do, and what Lambda does with the role of each."""

from __future__ import annotations

from typing import Final

from pipeline.topology.kinds import Grant

# What Lambda does with the role of a function: read its source, write the batches it gives up, log.
READ_KINESIS: Final = frozenset(
    {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    }
)
READ_CHANGES: Final = frozenset(
    {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
)
LOG: Final = frozenset({"logs:CreateLogStream", "logs:PutLogEvents"})
GIVE_UP: Final = (
    Grant("DeadLetterBucket/aws/lambda/*", frozenset({"s3:PutObject"})),
    Grant("DeadLetterBucket", frozenset({"s3:ListBucket"})),
)
KEEP_DEAD_LETTERS: Final = Grant("DeadLetterBucket/dead-letters/*", frozenset({"s3:PutObject"}))
LEAVE_CLAIMS: Final = Grant("ClaimsBucket/claims/*", frozenset({"s3:PutObject"}))
# The last is the function's own: when what it could not put comes again.
TAKE_MESSAGES: Final = frozenset(
    {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"}
)
GIVE_UP_EVENTS: Final = Grant("UndeliveredQueue", frozenset({"sqs:SendMessage"}))
PUT: Final = Grant("Stream", frozenset({"kinesis:PutRecords"}))

"""DynamoDB Streams: following the changes of a table as they come, from now on or from a time on.

    discover ▸ for each shard that may be read: iterator ▸ records … ▸ until it ends ▸ its children

A shard is read after its parent, so that changes of one item stay in order. Shards come and go all the time (they are
closed after some hours), so they are discovered again and again. An iterator that has expired is replaced by one after
the last record read: nothing is skipped, nothing repeated. What is throttled or out of reach is tried again.

    reader.py     the shards of a stream, and how far each is read
    following.py  when to read, to wait, to look for shards and to give up
    events.py     what a record of the results table's stream tells of

A stream holds 24 hours (developer guide, "Change data capture for DynamoDB Streams").
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pipeline.aws.dynamodbstreams.events import processed
from pipeline.aws.dynamodbstreams.following import follow
from pipeline.aws.dynamodbstreams.reader import created_at, stream_of

__all__ = ["RETENTION", "created_at", "follow", "processed", "stream_of"]

RETENTION: Final = timedelta(hours=24)

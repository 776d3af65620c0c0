"""The kinds of faults of an invocation, and of a call to AWS."""

from __future__ import annotations

from enum import StrEnum


class InvocationFault(StrEnum):
    """What can go wrong with an invocation."""

    THROTTLED = "the invocation is throttled"
    CRASH_AT_START = "an exception at the start"
    CRASH_AT_END = "an exception when all is written"
    TIMEOUT_AT_END = "a timeout when all is written"
    LITTLE_TIME = "time for hardly anything"
    NO_TIME = "less time than the function keeps back"
    CLOCK_AHEAD = "the wall clock is an hour ahead"
    CLOCK_BEHIND = "the wall clock is an hour behind"
    TWICE = "a batch is delivered twice"
    LEFT_BEHIND = "the mapping goes on without the function, which goes on too"
    STALE = "an earlier batch is delivered again, after a later one"


class CallFault(StrEnum):
    """What can go wrong with a call to a service."""

    THROTTLED = "the call is throttled"
    SERVER_ERROR = "the service fails"
    NO_CONNECTION = "no connection, nothing is done"
    ANSWER_LOST = "it is done, and the answer is lost"
    SLOW = "the call takes long"
    HANGS_BEFORE = "the function times out before it is done"
    HANGS_AFTER = "the function times out when it is done"
    KILLED_BEFORE = "the function is killed before it is done"
    KILLED_AFTER = "the function is killed when it is done"
    ACCESS_DENIED = "a permission is missing"
    KEY_DENIED = "the KMS key is denied"
    NOT_FOUND = "the table, bucket or stream is not found"
    TOKEN_EXPIRED = "the credentials are out of date"  # noqa: S105 - a description
    SOME_UNPROCESSED = "some items are left unprocessed"
    ALL_UNPROCESSED = "all items are left unprocessed"
    RACE = "somebody else has just written the same"
    SOME_REFUSED = "some entries of PutRecords are refused"
    ALL_REFUSED = "all entries of PutRecords are refused"
    SOME_NOT_TOLD = "some notices of a call are refused"
    SOME_TOLD_THEN_LOST = "some notices are told, and the answer is lost"
    SOME_THEN_LOST = "some entries are put, and the answer is lost"

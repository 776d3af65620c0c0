"""Errors as boto3's clients raise them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, ParamValidationError


def aws_error(code: str, status: int = 400, text: str = "told to") -> ClientError:
    """An error that the service answered; codes are in its API reference."""
    response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


def never_sent(text: str) -> ParamValidationError:
    """What boto3 itself refuses by the service's model: too few of something, or an empty name."""
    return ParamValidationError(report=text)

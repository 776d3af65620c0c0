"""Events against the schemas. A validator is compiled once per type; compiling costs a thousand validations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from pipeline.core import event_type
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Event

type Validators = Mapping[str, jsonschema_rs.Draft202012Validator]

MAX_DETAIL_CHARACTERS: Final = 300


def compile_schemas(schemas: Mapping[str, dict[str, Any]]) -> Validators:
    """A validator for each event type. Raises ValueError when a schema is not one (JSON Schema 2020-12)."""
    return {name: jsonschema_rs.Draft202012Validator(schema, validate_formats=True) for name, schema in schemas.items()}


def validate(event: Event, validators: Validators) -> None:
    """Raise Rejection unless the type is known and the data follow its schema.

    The detail names the JSON pointer and the rule: `/severity_number: 99 is greater than the maximum of 24`.
    """
    validator = validators.get(event.type)
    if validator is None:
        raise Rejection(Reason.UNKNOWN_TYPE, event_type.unknown(event.type, validators))
    if not validator.is_valid(event.data):
        raise Rejection(Reason.SCHEMA_INVALID, _detail(event, validator))


def _detail(event: Event, validator: jsonschema_rs.Draft202012Validator) -> str:
    first = next(iter(validator.iter_errors(event.data)))
    pointer = "".join(f"/{part}" for part in first.instance_path) or "/"
    return f"{pointer}: {first.message}"[:MAX_DETAIL_CHARACTERS]

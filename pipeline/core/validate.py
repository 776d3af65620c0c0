"""Events against the schemas. A validator is compiled once per type; compiling costs a thousand validations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core import event_type
from pipeline.core.violation import compiled, violations
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jsonschema_rs

    from pipeline.model import Event

type Validators = Mapping[str, jsonschema_rs.Draft202012Validator]


def compile_schemas(schemas: Mapping[str, dict[str, Any]]) -> Validators:
    """A validator for each event type. Raises ValueError when a schema is not one (JSON Schema 2020-12)."""
    return {name: compiled(schema) for name, schema in schemas.items()}


def validate(event: Event, validators: Validators) -> None:
    """Raise Rejection unless the type is known and the data follow its schema.

    The detail names the JSON pointer into the event and the rule (see `violation`), of the first that is broken.
    """
    validator = validators.get(event.type)
    if validator is None:
        raise Rejection(Reason.UNKNOWN_TYPE, event_type.unknown(event.type, validators))
    if not validator.is_valid(event.data):
        raise Rejection(Reason.SCHEMA_INVALID, str(next(violations(validator, event.data, "/data"))))

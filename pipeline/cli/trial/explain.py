"""What each stage did to one record, down to what would be written where, and under which key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.cli.display import safe_json, styled
from pipeline.cli.trial.changes import changes
from pipeline.cli.trial.show import event_changes, heading, letter_line
from pipeline.cli.trial.trace import Step
from pipeline.core.attribute_value import to_json
from pipeline.core.encode import cloudevent
from pipeline.model import Entry, Item, Line, Notice, Stage, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.text import Text

    from pipeline.cli.trial.outcome import Outcome
    from pipeline.model import Delivery, Json


# The stages that make another event of one.
_CHANGING: Final = frozenset({Stage.TRANSFORM, Stage.ENRICH})


def as_json(outcome: Outcome, steps: Sequence[Step]) -> dict[str, Any]:
    """The outcome, with its `stages` in order."""
    made = outcome.as_json()
    made["stages"] = [_step_json(each) for each in _with_validation(outcome, steps)]
    return made


def lines(outcome: Outcome, steps: Sequence[Step]) -> Iterator[Text]:
    """The same for a person."""
    yield from heading(outcome)
    for step in _with_validation(outcome, steps):
        failed = (_failed(outcome), "bold magenta") if step.is_failed else ("", "")
        yield styled((f"{step.stage:<10}", "bold"), (step.name, "cyan"), failed)
        yield from _step_lines(step)
    if outcome.letter is not None:
        yield letter_line(outcome.letter)


def written(delivery: Delivery) -> dict[str, Any]:
    """Where it goes, its key or partition, and all of it as plain JSON."""
    return _WRITTEN[type(delivery)](delivery)


def _with_validation(outcome: Outcome, steps: Sequence[Step]) -> Sequence[Step]:
    """With the stage between decoding and the transforms, which only its dead letter tells of."""
    if not steps or outcome.before is None:
        return steps
    is_failed = outcome.letter is not None and outcome.letter.stage is Stage.VALIDATE
    check = Step(Stage.VALIDATE, outcome.before.type, outcome.before, is_failed=is_failed)
    return [steps[0], check, *steps[1:]]


def _failed(outcome: Outcome) -> str:
    return " waits" if outcome.waits_for else " rejects it"


def _step_json(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"stage": step.stage, "name": step.name}
    if step.stage is Stage.ENRICH:
        made["wanted"] = [{"key": key, "fact": fact} for key, fact in step.wanted]
    if step.is_failed:
        return {**made, "failed": True}
    if step.stage is Stage.DECODE:
        made["event"] = cloudevent(step.after[0])
    if step.stage in _CHANGING and step.before is not None:
        before = cloudevent(step.before)
        made["events"] = [
            {"id": each.id, "changes": [found.as_json() for found in changes(before, cloudevent(each))]}
            for each in step.after
        ]
    if step.stage is Stage.ROUTE:
        made |= {"to": None} if step.delivery is None else written(step.delivery)
    return made


def _step_lines(step: Step) -> Iterator[Text]:
    for key, fact in step.wanted:
        yield styled((f"  wanted {key}".rstrip(), "blue"), (f": {fact}", ""))
    if step.is_failed:
        return
    if step.stage is Stage.DECODE:
        yield from _values(cloudevent(step.after[0]))
    if step.stage in _CHANGING and step.before is not None:
        if not step.after:
            yield styled(("  dropped", "yellow"))
        for number, after in enumerate(step.after, 1):
            if len(step.after) > 1:
                yield styled((f"  {number}/{len(step.after)} ", "bold"), (after.id, "blue"))
            yield from event_changes(step.before, after)
    if step.stage is Stage.ROUTE:
        if step.delivery is None:
            yield styled(("  it does not go there", "yellow"))
        else:
            yield from _values(written(step.delivery))


def _values(fields: dict[str, Any]) -> Iterator[Text]:
    """A field a line, those of objects below them, so that little is cut off."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield styled((f"  {name}", "dim"))
            for inner, each in value.items():
                yield styled((f"    {inner} ", "dim"), (safe_json(each), ""))
        else:
            yield styled((f"  {name} ", "dim"), (safe_json(value), ""))


def _item(delivery: Item) -> dict[str, Any]:
    return {"to": "item", "key": delivery.key, "item": _plain(delivery)}


def _state(delivery: State) -> dict[str, Any]:
    return {"to": "state", "key": delivery.key, "version": delivery.version, "item": _plain(delivery)}


def _line(delivery: Line) -> dict[str, Any]:
    return {"to": "archive", "partition": delivery.partition, "line": orjson.loads(delivery.line)}


def _entry(delivery: Entry) -> dict[str, Any]:
    made = {"to": "stream", "partition_key": delivery.partition_key, "event": orjson.loads(delivery.data)}
    return made if delivery.owed is None else {**made, "data_in": delivery.owed.claim.key}


def _notice(delivery: Notice) -> dict[str, Any]:
    return {"to": delivery.outlet, "key": delivery.key, "event": orjson.loads(delivery.body)}


def _plain(delivery: Item | State) -> dict[str, Json]:
    return {name: to_json(value) for name, value in orjson.loads(delivery.item).items()}


_WRITTEN: Final[dict[type[Delivery], Callable[[Any], dict[str, Any]]]] = {
    Item: _item,
    State: _state,
    Line: _line,
    Entry: _entry,
    Notice: _notice,
}

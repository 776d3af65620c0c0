"""The keywords that hold no schemas, compared one by one: bounds, rules, and lists of names and values."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.core.violation import pointer
from pipeline.schema.edits import BOUNDS, BREAKS, DEFAULTS, LISTS, RULES, Edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.schema.edits import Row
    from pipeline.schema.keywords import Place

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_MAX_CHARACTERS: Final = 60
_OPPOSITE: Final = {Edit.NARROWER: Edit.WIDER, Edit.WIDER: Edit.NARROWER}


class Change(NamedTuple):
    """One difference: where in the new schema, what it does, and what it is."""

    place: Place
    edit: Edit
    what: str

    @property
    def breaks(self) -> frozenset[str]:
        """Who breaks: writers, readers, both or nobody."""
        return BREAKS[self.edit]

    @property
    def pointer(self) -> str:
        """Where, as a JSON pointer into the new schema; what is removed is where it was in the old one."""
        return pointer(*self.place)


def assertions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Every change of them, in the order of the table."""
    yield from _bounds(old, new)
    yield from _rules(old, new)
    yield from _lists(old, new)


def present(row: Row, was: bool, is_: bool) -> Edit | None:  # noqa: FBT001 - before and after
    """What it is that something is there now, or is not any more; None for neither."""
    if was == is_:
        return None
    return row.added if is_ else row.removed


def _bounds(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for keyword, row in BOUNDS.items():
        none = DEFAULTS.get(keyword)
        was, is_ = old.get(keyword, none), new.get(keyword, none)
        if was == is_:
            continue
        edit = present(row, was is not None, is_ is not None)
        if edit is None:
            edit = row.changed if is_ > was else _OPPOSITE[row.changed]
        yield Change((keyword,), edit, _arrow(was, is_))


def _rules(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for keyword, row in RULES.items():
        was, is_ = old.get(keyword) or None, new.get(keyword) or None
        if was == is_:
            continue
        edit = present(row, was is not None, is_ is not None)
        if edit is None:
            edit = _multiple(was, is_) if keyword == "multipleOf" else row.changed
        yield Change((keyword,), edit, _arrow(was, is_))


def _multiple(was: Any, is_: Any) -> Edit:  # noqa: ANN401 - numbers
    ratio = Fraction(str(is_)) / Fraction(str(was))
    if ratio.denominator == 1:
        return Edit.NARROWER
    return Edit.WIDER if ratio.numerator == 1 else Edit.UNLIKE


def _lists(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    yield from _listed("required", old.get("required", ()), new.get("required", ()))
    before, after = old.get("dependentRequired", {}), new.get("dependentRequired", {})
    for name in sorted(before.keys() | after.keys()):
        yield from _listed("dependentRequired", before.get(name, ()), after.get(name, ()), name)
    if old.get("type") != new.get("type"):
        yield from _listed("type", _types(old), _types(new))
    was, is_ = _values(old), _values(new)
    if was is not None and is_ is not None:
        yield from _listed("enum", was, is_)
    elif was is not is_:
        yield Change(("enum",), Edit.NARROWER if was is None else Edit.WIDER, "added" if was is None else "removed")


def _listed(keyword: str, was: Iterable[str], is_: Iterable[str], *within: str) -> Iterator[Change]:
    row, before, after = LISTS[keyword], set(was), set(is_)
    if after - before:
        yield Change((keyword, *within), row.added, f"added: {_some(after - before)}")
    if before - after:
        yield Change((keyword, *within), row.removed, f"removed: {_some(before - after)}")


def _types(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("type", _TYPES)
    types = {named} if isinstance(named, str) else set(named)
    return types | {"integer"} if "number" in types else types


def _values(schema: Mapping[str, Any]) -> set[str] | None:
    """The values of `enum` and `const` as texts; None where there is neither."""
    given = [[schema["const"]]] if "const" in schema else []
    given += [schema["enum"]] if "enum" in schema else []
    sets = [{json.dumps(each, sort_keys=True, ensure_ascii=False) for each in values} for values in given]
    return set.intersection(*sets) if sets else None


def _arrow(was: object, is_: object) -> str:
    if was is None or is_ is None:
        return f"added: {_text(is_)}" if was is None else f"removed: {_text(was)}"
    return f"{_text(was)} → {_text(is_)}"


def _some(names: set[str]) -> str:
    return _cut(", ".join(sorted(names)))


def _text(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"

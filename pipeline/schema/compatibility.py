"""A released schema and its edit → the changes, each with who breaks, by the table in `edits`.

Both schemas are walked side by side, through every `$ref`; annotations are passed over. What the table cannot decide
(a changed pattern, a branch of `oneOf`) counts as a break for both and says so. So an edit without a break is one that
refuses nothing that was accepted and accepts nothing that was refused, but for properties that nobody knew.

A pair of schemas that is met again while it is compared adds nothing: a recursive schema ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.schema.assertions import Change, assertions, present
from pipeline.schema.edits import BRANCHES, SCHEMAS, WHOLE, Edit
from pipeline.schema.keywords import ANNOTATIONS, IN_PLACE, KNOWN, Place, referred

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ANY: Final[dict[str, Any]] = {}
_TURNED: Final = {Edit.NARROWER: Edit.WIDER, Edit.WIDER: Edit.NARROWER, Edit.GROWN: Edit.UNLIKE}


@dataclass
class _Pair:
    """The two schemas as documents, and what is known of their parts."""

    old: dict[str, Any]
    new: dict[str, Any]
    found: dict[tuple[int, int, bool], list[Change]] = field(default_factory=dict)
    plain: dict[int, Any] = field(default_factory=dict)


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every change that says something of the data, in the order of the table."""
    return _schemas(_Pair(old, new), old, new, may_grow=True)


def _schemas(pair: _Pair, old: Any, new: Any, *, may_grow: bool) -> list[Change]:  # noqa: ANN401 - schemas
    before, after = _plain(pair, pair.old, old), _plain(pair, pair.new, new)
    if before is False or after is False:
        return [] if before is after else [Change((), *_forbidden(is_now=after is False))]
    key = (id(before), id(after), may_grow)
    if key not in pair.found:
        pair.found[key] = []  # met again on the way, it adds nothing
        pair.found[key] = list(_keywords(pair, before, after, may_grow=may_grow))
    return pair.found[key]


def _forbidden(*, is_now: bool) -> tuple[Edit, str]:
    return (Edit.NARROWER, "forbidden") if is_now else (Edit.WIDER, "no longer forbidden")


def _plain(pair: _Pair, root: dict[str, Any], schema: Any) -> Any:  # noqa: ANN401 - a schema
    """The schema without `$ref`: what that leads to, in `allOf` where there is more; True as no rule at all."""
    if schema is True or not isinstance(schema, dict):
        return _ANY if schema is True else schema
    if "$ref" not in schema:
        return schema
    if id(schema) not in pair.plain:
        rest = {keyword: value for keyword, value in schema.items() if keyword != "$ref" and not _is_note(keyword)}
        target = referred(root, schema["$ref"])
        pair.plain[id(schema)] = (
            {**rest, "allOf": [target, *rest.get("allOf", ())]} if rest else _plain(pair, root, target)
        )
    return pair.plain[id(schema)]


def _is_note(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword.startswith("x-")


def _keywords(pair: _Pair, old: dict[str, Any], new: dict[str, Any], *, may_grow: bool) -> Iterator[Change]:
    yield from assertions(old, new)
    yield from _properties(pair, old, new, may_grow=may_grow)
    yield from _items(pair, old, new, may_grow=may_grow)
    for keyword in SCHEMAS:
        yield from _within(pair, keyword, old, new, may_grow=may_grow and keyword not in IN_PLACE)
    for keyword in BRANCHES:
        yield from _branches(pair, keyword, old, new)
    for keyword, row in WHOLE.items():
        edit = present(row, keyword in old, keyword in new)
        if edit is None and keyword in old and not _is_same(pair, old[keyword], new[keyword]):
            edit = row.changed
        if edit is not None:
            yield Change((keyword,), edit, "changed")
    for keyword in sorted((old.keys() | new.keys()) - KNOWN):
        if not _is_note(keyword) and old.get(keyword) != new.get(keyword):
            yield Change((keyword,), Edit.UNLIKE, "changed")


def _properties(pair: _Pair, old: dict[str, Any], new: dict[str, Any], *, may_grow: bool) -> Iterator[Change]:
    before, after = old.get("properties", {}), new.get("properties", {})
    others, others_now = old.get("additionalProperties", True), new.get("additionalProperties", True)
    for name in [*before, *(name for name in after if name not in before)]:
        place = ("properties", name)
        if name in before and name in after:
            yield from _under(place, _schemas(pair, before[name], after[name], may_grow=may_grow))
        elif _has_patterns(old, new):
            yield Change(place, Edit.UNLIKE, "added or removed beside patternProperties")
        elif name in before:
            for edit in _edits(_schemas(pair, before[name], others_now, may_grow=False)):
                yield Change(place, edit, "removed")
        elif may_grow and isinstance(others, bool) and after[name] is not False:
            yield Change(place, Edit.GROWN, "added")
        else:
            for edit in _edits(_schemas(pair, others, after[name], may_grow=False)):
                yield Change(place, edit, "added")
    if may_grow and others is False and others_now is not False:
        yield Change(("additionalProperties",), Edit.GROWN, "opened")
    else:
        yield from _under(("additionalProperties",), _schemas(pair, others, others_now, may_grow=may_grow))


def _has_patterns(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether more than `properties` and `additionalProperties` says what a property may be."""
    others = {"patternProperties", "unevaluatedProperties"}
    return bool(others & old.keys() or others & new.keys())


def _edits(changes: Iterable[Change]) -> list[Edit]:
    return sorted({each.edit for each in changes})


def _items(pair: _Pair, old: dict[str, Any], new: dict[str, Any], *, may_grow: bool) -> Iterator[Change]:
    before, after = old.get("prefixItems", []), new.get("prefixItems", [])
    rest, rest_now = old.get("items", True), new.get("items", True)
    for index in range(max(len(before), len(after))):
        was = before[index] if index < len(before) else rest
        is_ = after[index] if index < len(after) else rest_now
        yield from _under(("prefixItems", index), _schemas(pair, was, is_, may_grow=may_grow))
    yield from _under(("items",), _schemas(pair, rest, rest_now, may_grow=may_grow))


def _within(pair: _Pair, keyword: str, old: dict[str, Any], new: dict[str, Any], *, may_grow: bool) -> Iterator[Change]:
    """One schema, or schemas by name; beside a closed or typed rest, another pattern cannot be decided."""
    row, is_named = SCHEMAS[keyword], keyword in {"dependentSchemas", "patternProperties"}
    before: dict[Place, Any] = _by_place(keyword, old, is_named=is_named)
    after: dict[Place, Any] = _by_place(keyword, new, is_named=is_named)
    for place in [*before, *(place for place in after if place not in before)]:
        edit = present(row, place in before, place in after)
        if edit is not None:
            is_open = old.get("additionalProperties", True) is True and new.get("additionalProperties", True) is True
            is_decided = keyword != "patternProperties" or is_open
            yield Change(place, edit if is_decided else Edit.UNLIKE, "added" if place in after else "removed")
            continue
        changes = _schemas(pair, before[place], after[place], may_grow=may_grow)
        if keyword == "not":
            changes = [each._replace(edit=_TURNED.get(each.edit, each.edit)) for each in changes]
        if keyword == "contains" and changes and ("maxContains" in old or "maxContains" in new):
            changes = [Change((), Edit.UNLIKE, "changed beside maxContains")]
        yield from _under(place, changes)


def _by_place(keyword: str, schema: dict[str, Any], *, is_named: bool) -> dict[Place, Any]:
    if keyword not in schema:
        return {}
    return (
        {(keyword, name): each for name, each in schema[keyword].items()} if is_named else {(keyword,): schema[keyword]}
    )


def _branches(pair: _Pair, keyword: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """What is alike first, whatever its place; then the others in their order."""
    if (edit := present(BRANCHES["allOf"], keyword in old, keyword in new)) is not None:
        yield Change(
            (keyword,), edit, "added" if keyword in new else "removed"
        )  # the first branch is a rule of its own
        return
    before, after = list(old.get(keyword, ())), list(enumerate(new.get(keyword, ())))
    pairs = []
    for was in list(before):
        alike = next((each for each in after if each[1] == was), None)
        if alike is not None:
            pairs.append((was, alike))
            before.remove(was)
            after.remove(alike)
    pairs += zip(before, after, strict=False)
    for was, (index, is_) in pairs:
        yield from _under((keyword, index), _schemas(pair, was, is_, may_grow=False))
    for _ in before[len(after) :]:
        yield Change((keyword,), BRANCHES[keyword].removed, "a branch removed")
    for index, _ in after[len(before) :]:
        yield Change((keyword, index), BRANCHES[keyword].added, "a branch added")


def _is_same(pair: _Pair, old: Any, new: Any) -> bool:  # noqa: ANN401 - a schema or a list of them
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_is_same(pair, *both) for both in zip(old, new, strict=True))
    return not _schemas(pair, old, new, may_grow=False)


def _under(place: Place, changes: Iterable[Change]) -> Iterator[Change]:
    for each in changes:
        yield each._replace(place=(*place, *each.place))

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.attribute_value import (
    bound_bytes,
    from_json,
    image_json,
    size_bytes,
    tagged,
    tagged_image,
    to_json,
    untagged,
    untagged_image,
)
from pipeline.core.decode import parse
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.model import AttributeValue, Json

DIGITS_38 = "12345678901234567890123456789012345678"
EXACT = Context(prec=400)
NAMES = st.sampled_from(["@number", "@binary", "@set", "@map", "id", "a b", "é"]) | st.text(min_size=1)


def nested(value: Any, levels: int, *, kind: str = "dict") -> Any:  # noqa: ANN401 - any JSON
    """The value inside so many levels of objects or arrays."""
    for _ in range(levels):
        value = {"a": value} if kind == "dict" else [value]
    return value


def number_texts() -> st.SearchStrategy[str]:
    """Every number that DynamoDB holds: up to 38 digits, 1E-130 to below 1E+126; in both notations."""
    parts = st.tuples(st.sampled_from([0, 1]), st.integers(1, 10**38 - 1), st.integers(-130, 125))
    numbers = parts.map(lambda part: Decimal((part[0], tuple(map(int, str(part[1]))), part[2])))
    in_range = numbers.filter(lambda number: -130 <= number.adjusted() <= 125)
    return st.just("0") | in_range.map(str) | in_range.map(lambda number: f"{number:f}")


def json_numbers() -> st.SearchStrategy[float]:
    return st.integers(-(2**63), 2**63 - 1) | st.floats(-1e125, 1e125).filter(lambda n: n == 0 or abs(n) >= 1e-130)


def attribute_values() -> st.SearchStrategy[AttributeValue]:
    scalars = (
        st.text().map(lambda text: {"S": text})
        | number_texts().map(lambda text: {"N": text})
        | st.binary().map(lambda data: {"B": data})
        | st.booleans().map(lambda flag: {"BOOL": flag})
        | st.just({"NULL": True})
        | st.lists(st.text(), min_size=1, unique=True).map(lambda texts: {"SS": texts})
        | st.lists(number_texts(), min_size=1, max_size=4).map(lambda texts: {"NS": texts})
        | st.lists(st.binary(), min_size=1, unique=True).map(lambda data: {"BS": data})
    )
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda each: {"L": each})
            | st.dictionaries(NAMES, inner, max_size=4).map(lambda each: {"M": each})
        ),
        max_leaves=12,
    )


def by_value(value: AttributeValue) -> Any:  # noqa: ANN401 - for comparing only
    """An AttributeValue in which numbers are equal when their values are."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return "N", EXACT.create_decimal(content)
        case "NS":
            return "NS", [EXACT.create_decimal(each) for each in content]
        case "L":
            return "L", [by_value(each) for each in content]
        case "M":
            return "M", {name: by_value(each) for name, each in content.items()}
    return kind, content


def as_written(value: Json) -> object:
    """JSON in which a number is the decimal that stands in the text: 1e16 is 10000000000000000."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: as_written(each) for name, each in value.items()}
    return [as_written(each) for each in value] if isinstance(value, list) else value


@given(attribute_values())
def test_tagged_round_trip(value: AttributeValue) -> None:
    """An AttributeValue is the same after its way through JSON, tagged."""
    sent = parse(orjson.dumps({"value": tagged(value)}))
    assert isinstance(sent, dict)
    assert by_value(value) == by_value(untagged(sent["value"]))


@given(st.dictionaries(NAMES, attribute_values(), max_size=4))
def test_tagged_image_round_trip(image: dict[str, AttributeValue]) -> None:
    """An item keeps its attribute names, also those that look like a tag."""
    assert by_value({"M": image}) == by_value({"M": untagged_image(tagged_image(image))})


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | json_numbers(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
        max_leaves=12,
    )
)
def test_plain_round_trip(value: Json) -> None:
    """What arrived as JSON is read back as the same JSON: its numbers as they were written."""
    assert as_written(value) == as_written(to_json(from_json(value)))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers() | st.floats(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.just(""), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json(value: Json) -> None:
    """Whatever JSON it is, it becomes an AttributeValue or is rejected; it never hits a bug."""
    for read in (from_json, untagged):
        try:
            assert {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}.issuperset(read(value))
        except Rejection as rejection:
            assert rejection.reason in {Reason.NUMBER_OUT_OF_RANGE, Reason.SCHEMA_INVALID}  # noqa: PT017 - may pass


@pytest.mark.parametrize(
    ("value", "tagged_form", "shown"),
    [
        ({"S": "x"}, "x", "x"),
        ({"BOOL": False}, False, False),
        ({"NULL": True}, None, None),
        ({"N": "7"}, 7, 7),
        ({"N": "7.0"}, 7, 7),
        ({"N": "-0"}, 0, 0),
        ({"N": "0.1"}, 0.1, 0.1),
        ({"N": "9223372036854775807"}, 2**63 - 1, 2**63 - 1),
        ({"N": "9223372036854775808"}, {"@number": "9223372036854775808"}, "9223372036854775808"),
        ({"N": "1E+20"}, 1e20, 1e20),
        ({"N": DIGITS_38}, {"@number": DIGITS_38}, DIGITS_38),
        ({"N": f"0.{DIGITS_38}"}, {"@number": f"0.{DIGITS_38}"}, f"0.{DIGITS_38}"),
        ({"B": b"\x00\xff"}, {"@binary": "AP8="}, "AP8="),
        ({"B": "AP8="}, {"@binary": "AP8="}, "AP8="),
        ({"SS": ["a", "b"]}, {"@set": ["a", "b"]}, ["a", "b"]),
        ({"NS": ["1", DIGITS_38]}, {"@set": [1, {"@number": DIGITS_38}]}, [1, DIGITS_38]),
        ({"BS": [b"\x00"]}, {"@set": [{"@binary": "AA=="}]}, ["AA=="]),
        ({"L": [{"N": "1"}, {"M": {}}]}, [1, {}], [1, {}]),
        ({"M": {"@set": {"L": []}}}, {"@map": {"@set": []}}, {"@set": []}),
        ({"M": {"@map": {"M": {"@map": {"S": "x"}}}}}, {"@map": {"@map": {"@map": {"@map": "x"}}}}, None),
        ({"M": {"@set": {"L": []}, "b": {"S": "x"}}}, {"@set": [], "b": "x"}, {"@set": [], "b": "x"}),
    ],
)
def test_forms(value: AttributeValue, tagged_form: Json, shown: Json) -> None:
    """What JSON holds exactly stays plain, the rest is tagged; `to_json` shows without tags."""
    assert tagged_form == tagged(value)
    if shown is not None or value == {"NULL": True}:
        assert shown == to_json(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"@number": 7}, Reason.SCHEMA_INVALID),
        ({"@number": "seven"}, Reason.SCHEMA_INVALID),
        ({"@number": "1_000"}, Reason.SCHEMA_INVALID),
        ({"@number": " 1"}, Reason.SCHEMA_INVALID),
        ({"@number": "\u0661"}, Reason.SCHEMA_INVALID),
        ({"@number": "NaN"}, Reason.SCHEMA_INVALID),
        ({"@number": "1" * 201}, Reason.SCHEMA_INVALID),
        ({"@number": "1E+99999999999999999999"}, Reason.NUMBER_OUT_OF_RANGE),
        ({"@number": "1E+126"}, Reason.NUMBER_OUT_OF_RANGE),
        ({"@number": "9.99999999999999999999999999999999999999E+125"}, Reason.NUMBER_OUT_OF_RANGE),
        ({"@number": "9E-131"}, Reason.NUMBER_OUT_OF_RANGE),
        ({"@number": f"{DIGITS_38}9"}, Reason.NUMBER_OUT_OF_RANGE),
        ({"@binary": "%%"}, Reason.SCHEMA_INVALID),
        ({"@binary": "é"}, Reason.SCHEMA_INVALID),
        ({"@binary": None}, Reason.SCHEMA_INVALID),
        ({"@set": []}, Reason.SCHEMA_INVALID),
        ({"@set": "ab"}, Reason.SCHEMA_INVALID),
        ({"@set": ["a", 1]}, Reason.SCHEMA_INVALID),
        ({"@set": [True]}, Reason.SCHEMA_INVALID),
        ({"@set": [{"@set": ["a"]}]}, Reason.SCHEMA_INVALID),
        ({"@map": []}, Reason.SCHEMA_INVALID),
        ({"a": {"": 1}}, Reason.SCHEMA_INVALID),
        ({"@map": {"": 1}}, Reason.SCHEMA_INVALID),
        (1e126, Reason.NUMBER_OUT_OF_RANGE),
        (1e-131, Reason.NUMBER_OUT_OF_RANGE),
        (float("nan"), Reason.NUMBER_OUT_OF_RANGE),
        (float("-inf"), Reason.NUMBER_OUT_OF_RANGE),
        (10**126, Reason.NUMBER_OUT_OF_RANGE),
        (-(10**4000), Reason.NUMBER_OUT_OF_RANGE),
        (nested("x", 32), Reason.TOO_DEEP),
        (nested("x", 1000), Reason.TOO_DEEP),
        (nested("x", 1000, kind="list"), Reason.TOO_DEEP),
        ({"@map": nested("x", 1000)}, Reason.TOO_DEEP),
    ],
)
def test_rejections(value: Json, reason: Reason) -> None:
    """What DynamoDB could never hold is rejected with its reason."""
    with pytest.raises(Rejection) as caught:
        untagged(value)
    assert reason == caught.value.reason


def test_deep_sets() -> None:
    """Sets in sets in sets are rejected, however many they are."""
    value: Json = "x"
    for _ in range(1000):
        value = {"@set": [value]}
    with pytest.raises(Rejection) as caught:
        untagged(value)
    assert Reason.TOO_DEEP == caught.value.reason


@pytest.mark.parametrize("scalar", ["x", 1, None, {"@number": "1"}, {"@binary": "AA=="}, {"@set": ["a"]}])
def test_deepest(scalar: Json) -> None:
    """A scalar or a set may lie at level 32, tagged or not; no object or array may."""
    assert to_json(untagged(nested(scalar, 31)))
    with pytest.raises(Rejection):
        untagged(nested([scalar], 31))


@pytest.mark.parametrize(
    ("largest", "text"),
    [(2**63, "9223372036854775808"), (-(10**37), f"-1{'0' * 37}"), (9.99e125, "9.99e+125"), (1e-130, "1e-130")],
)
def test_wide_numbers(largest: float, text: str) -> None:
    """A number beyond 64 bits that DynamoDB holds keeps its value."""
    assert {"N": text} == from_json(largest)


def test_empty_name() -> None:
    """JSON with an empty name, which no item can have, is rejected before DynamoDB has to refuse it."""
    with pytest.raises(Rejection, match="schema_invalid: an attribute has an empty name"):
        from_json({"a": [{"": 1}]})


def test_unknown_kind() -> None:
    """A kind that DynamoDB does not have is a bug of the caller, said aloud."""
    with pytest.raises(ValueError, match="X is not a kind of AttributeValue"):
        tagged({"X": 1})


@pytest.mark.parametrize(
    ("image", "least"),
    [
        ({"a": {"S": "é"}}, 1 + 2),
        ({"a": {"B": b"123"}}, 1 + 3),
        ({"a": {"NULL": True}}, 1 + 1),
        ({"a": {"BOOL": True}}, 1 + 1),
        ({"a": {"N": DIGITS_38}}, 1 + 19 + 1),
        ({"a": {"N": f"-{DIGITS_38}"}}, 1 + 19 + 2),
        ({"a": {"M": {"b": {"S": "x"}}}}, 1 + 3 + 1 + 1 + 1),
        ({"a": {"L": [{"S": "x"}, {"S": "y"}]}}, 1 + 3 + 2 * (1 + 1)),
        ({"a": {"SS": ["xx", "y"]}}, 1 + 3),
        ({"a": {"NS": ["1"]}}, 1 + 2),
        ({"a": {"BS": [b"xx"]}}, 1 + 2),
    ],
)
def test_size(image: dict[str, AttributeValue], least: int) -> None:
    """The size is never below DynamoDB's, and at most a few bytes a value above it."""
    assert least <= size_bytes(image) <= least + 6


JSON = st.recursive(
    st.none() | st.booleans() | json_numbers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
)


@given(JSON)
def test_bound_bytes(value: Json) -> None:
    """A JSON value never weighs more in an item than its bound."""
    assert size_bytes({"": from_json(value)}) <= bound_bytes(value)


@pytest.mark.parametrize("value", [[0] * 99, [{}] * 99, [[]] * 99, [""] * 99, [None] * 99, {"a": 0}, [1e16] * 99, 0])
def test_closest_to_the_bound(value: Json) -> None:
    """What weighs most for its JSON is still below the bound."""
    assert size_bytes({"": from_json(value)}) <= bound_bytes(value)


@given(st.dictionaries(st.text(min_size=1), attribute_values()))
def test_an_image_in_json(image: dict[str, AttributeValue]) -> None:
    """It weighs more than DynamoDB counts for it, so what fits as JSON fits."""
    assert size_bytes(image) <= len(image_json(image))


@given(st.dictionaries(st.text(min_size=1), attribute_values()))
def test_bound_bytes_of_an_image(image: dict[str, AttributeValue]) -> None:
    """The same for an image that travels tagged."""
    content = tagged_image(image)
    assert size_bytes({"": {"M": untagged_image(content, 2)}}) <= bound_bytes(content)

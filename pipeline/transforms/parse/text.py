"""JSON, logfmt and pairs of any separators → fields.

What could be read in two ways is not read: a key that is twice in a JSON object, an integer beyond 64 bits. In pairs
and logfmt, a key that is there twice has both values, as a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.core import decode
from pipeline.core.formats import logfmt as logfmt_lines
from pipeline.errors import InputError, Rejection
from pipeline.model import Reason
from pipeline.transforms.field import read_text
from pipeline.transforms.path import unfit
from pipeline.transforms.setting import check_text, wrong

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path

# A record has at most 1 MiB by default, and 10 MiB where the stream allows it; its texts cannot be longer.
MAX_CHARACTERS: Final = 10 * 1024 * 1024
MAX_PAIRS: Final = 10_000


def json_text(pointer: str, into: str | None = None) -> Transform:
    """A text that is JSON becomes the value.

    Raises Rejection for any other: not_json, too_deep, number_out_of_range, duplicate_key.

    >>> after(json_text("/body"), {"body": '{"user": 1}'})
    [{'body': {'user': 1}}]
    """
    return read_text(pointer, into, _json, MAX_CHARACTERS)


def logfmt(pointer: str, into: str | None = None) -> Transform:
    """A text of logfmt becomes an object; a key alone is true.

    Raises Rejection, when it is none.

    >>> after(logfmt("/body"), {"body": 'level=info msg="order taken" cached'})
    [{'body': {'level': 'info', 'msg': 'order taken', 'cached': True}}]
    """
    return read_text(pointer, into, _logfmt, MAX_CHARACTERS)


def key_values(pointer: str, into: str | None = None, *, between: str = "&", equals: str = "=") -> Transform:
    """A text of pairs becomes an object of texts without the blanks around them; empty pairs are passed over.

    Raises Rejection for a pair without the sign that `equals` is, and for more than 10,000 pairs.

    >>> after(key_values("/head", between=";", equals=":"), {"head": "a: 1; b: 2; a: 3;"})
    [{'head': {'a': ['1', '3'], 'b': '2'}}]
    """
    check_text("between", between)
    check_text("equals", equals)
    if between == equals:
        raise wrong(f"between and equals are both {equals!r}; set them to different texts")

    def read(path: Path, text: str) -> Json:
        pairs = text.split(between, MAX_PAIRS)
        if len(pairs) > MAX_PAIRS:
            raise unfit(path, f"it has more than {MAX_PAIRS} pairs", Reason.TOO_LARGE)
        fields: dict[str, Json] = {}
        for number, pair in enumerate(pairs, start=1):
            name, sign, value = pair.partition(equals)
            if sign:
                logfmt_lines.add(fields, name.strip(), value.strip())
            elif pair.strip():
                raise unfit(path, f"pair {number} has no {equals!r}")
        return fields

    return read_text(pointer, into, read, MAX_CHARACTERS)


def _json(path: Path, text: str) -> Json:
    try:
        return decode.parse(text.encode())
    except Rejection as rejection:
        raise unfit(path, rejection.detail, rejection.reason) from None


def _logfmt(path: Path, text: str) -> Json:
    try:
        return logfmt_lines.pairs(text)
    except InputError as error:
        raise unfit(path, f"not logfmt: {error}") from None

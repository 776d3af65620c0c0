"""The format of an input, by a sample of its beginning.

Each format cuts and reads the sample. The one that reads the most of its records wins, if it reads most of them at all,
or any of them where text is of no use; of two that read as many, the stricter one. Nothing else is looked at, so the
same beginning gives the same format.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pipeline.core.formats.parsed import ANY_TIME
from pipeline.core.formats.registry import FORMATS
from pipeline.core.lines import START, Line
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.core.formats.registry import Format

PLAIN: Final = "plain"
NDJSON: Final = "ndjson"
JSON: Final = "json"
# A sample of this size has some hundreds of lines; more of it, or more lines, are not looked at.
SAMPLE_BYTES: Final = 64 * 1024
SAMPLE_RECORDS: Final = 200
# A format is only taken for that of the input when it reads more than this share of the sample, if it may be text.
LEAST_SHARE: Final = 0.5


def detect(sample: bytes, *, least_share: float = LEAST_SHARE) -> str:
    """The name of the format that an input is in which begins with these bytes; the first 64 KiB are enough.

    Args:
        sample: the bytes.
        least_share: a format has to read more than this share of the sample; by default, most of it.

    >>> detect(b'{"level": "info"}'), detect(b"level=info msg=started"), detect(b"started")
    ('ndjson', 'logfmt', 'plain')
    """
    shares = {name: _share(each, sample[:SAMPLE_BYTES]) for name, each in FORMATS.items() if name != PLAIN}
    if shares[NDJSON] >= LEAST_SHARE:
        # A line that breaks off would take those after it along, if they were read as JSON over several lines.
        shares[JSON] = 0.0
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > least_share else PLAIN


def _share(of: Format, sample: bytes) -> float:
    """How much of the sample's records the format reads; a last one that the sample cuts off does not count."""
    framing = of.frame(SAMPLE_BYTES, START)
    every = list(islice(framing.feed(sample), SAMPLE_RECORDS)) or list(framing.end())
    records = [each for each in every if isinstance(each, Line) and each.content.strip()]
    if not records or not of.is_likely(records):
        return 0.0
    return sum(_is_read(of, record) for record in records) / len(records)


def _is_read(of: Format, record: Line) -> bool:
    try:
        of.parse(record, ANY_TIME)
    except InputError:
        return False
    return True

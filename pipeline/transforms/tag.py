"""Words that say something of an event, in a list of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, compiled, kind, unfit
from pipeline.transforms.setting import check_text, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event
    from pipeline.ports import Transform


def tag(*names: str, at: str) -> Transform:
    """The list there has these names, each once; where there is none, it is made. Raises Rejection for what is no list.

    >>> after(tag("slow", "web", at="/tags"), {"tags": ["web"]})
    [{'tags': ['web', 'slow']}]
    """
    path = compiled(at)
    if not names:
        raise wrong("no tag is named; name those to add")
    for name in names:
        check_text("tag", name)

    def transform(event: Event) -> Sequence[Event]:
        known = path.get(event.data)
        known = [] if known is MISSING or known is None else known
        if not isinstance(known, list):
            raise unfit(path, f"it is {kind(known)}, not a list")
        new = [name for name in dict.fromkeys(names) if name not in known]
        return with_data(event, path.put(event.data, [*known, *new]) if new else event.data)

    return transform

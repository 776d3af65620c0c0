from __future__ import annotations

import re

import pytest

from pipeline import errors
from pipeline.errors import PipelineError, Rejection
from pipeline.model import Reason

TREE = {name: each for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, PipelineError)}


def test_tree() -> None:
    """The tree in the module docstring shows every error there is, and no other."""
    drawn = re.findall(r"^    (?:[├└]── )?(\w+)  ", errors.__doc__ or "", re.MULTILINE)
    assert sorted(TREE) == sorted(drawn)


@pytest.mark.parametrize("name", sorted(TREE.keys() - {"Rejection"}))
def test_text(name: str) -> None:
    """An error's text is what a person reads."""
    assert "what to do" == str(TREE[name]("what to do"))


def test_rejection() -> None:
    """A rejection has its reason, its detail, and both as its text."""
    rejection = Rejection(Reason.NOT_JSON, "unexpected end")
    assert (Reason.NOT_JSON, "unexpected end") == (rejection.reason, rejection.detail)
    assert "not_json: unexpected end" == str(rejection)

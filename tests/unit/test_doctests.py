from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pipeline.core
import pipeline.lookups
import pipeline.transforms
from pipeline.model import Event
from pipeline.transforms.conceal import card
from pipeline.transforms.filter import drop_if, keep_if
from pipeline.transforms.mask import email
from pipeline.transforms.parse.text import json_text
from pipeline.transforms.predicate import all_of, any_of, equals, exists, not_
from pipeline.transforms.shape import delete, rename
from pipeline.transforms.split import split
from pipeline.transforms.tag import tag
from tests.unit.lookups.facts import enriched
from tests.unit.transforms.outcome import after

MODULES = [
    module.name
    for package in (pipeline.core, pipeline.lookups, pipeline.transforms)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


# What the examples of one family borrow from others, so that none imports them for it.
WORDS = {
    "after": after,
    "enriched": enriched,
    **{
        each.__name__: each for each in (Event, all_of, any_of, card, delete, drop_if, email, equals, exists, json_text)
    },
    **{each.__name__: each for each in (keep_if, not_, rename, split, tag)},
}


def examples(name: str) -> doctest.TestResults:
    module = importlib.import_module(name)
    return doctest.testmod(module, globs={**WORDS, **vars(module)})


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """The examples in the docstrings are true."""
    assert 0 == examples(name).failed


def test_there_are_examples() -> None:
    """The examples are found at all."""
    attempted = [examples(name).attempted for name in MODULES]
    assert sum(attempted) >= 5

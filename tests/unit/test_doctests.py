from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pipeline.core
import pipeline.transforms
from pipeline.model import Event
from tests.unit.transforms.outcome import after

MODULES = [
    module.name
    for package in (pipeline.core, pipeline.transforms)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def examples(name: str) -> doctest.TestResults:
    return doctest.testmod(importlib.import_module(name), extraglobs={"after": after, "Event": Event})


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """The examples in the docstrings are true."""
    assert 0 == examples(name).failed


def test_there_are_examples() -> None:
    """The examples are found at all."""
    attempted = [examples(name).attempted for name in MODULES]
    assert sum(attempted) >= 5

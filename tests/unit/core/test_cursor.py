from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.cursor import Place, read, write
from pipeline.errors import InputError

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(TEXT, st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_read(order: str, pk: str, question: str) -> None:
    """A cursor names its place, in a text that fits into a URL."""
    cursor = write(Place(order, pk), question)
    assert Place(order, pk) == read(cursor, question)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_an_invented_one(text: str) -> None:
    """What was never written is no cursor, whatever it is."""
    with pytest.raises(InputError, match="begin without one"):
        read(text, "question")


def test_another_question() -> None:
    """A cursor belongs to its question."""
    with pytest.raises(InputError, match="another question"):
        read(write(Place("1", "a"), "one"), "two")


def test_one_changed() -> None:
    """Any letter that is changed, added or lost is noticed."""
    cursor = write(Place("2026", "event#a"), "question")
    for n, letter in enumerate(cursor):
        with pytest.raises(InputError):
            read(cursor[:n] + ("A" if letter != "A" else "B") + cursor[n + 1 :], "question")
        with pytest.raises(InputError):
            read(cursor[:n] + cursor[n + 1 :], "question")
    with pytest.raises(InputError):
        read(cursor + "=", "question")

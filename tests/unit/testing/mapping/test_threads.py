from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.aws import s3
from pipeline.testing.mapping import Killed
from pipeline.testing.mapping.threads import OneThread, in_one_thread


def chance() -> random.Random:
    return random.Random(1)  # noqa: S311 - the same order again


def test_map() -> None:
    """Tasks run in a drawn order, which the seed repeats, and their results come in the order of the arguments."""
    orders = []
    for _ in range(2):
        ran: list[int] = []

        def square(number: int, ran: list[int] = ran) -> int:
            ran.append(number)
            return number * number

        assert [0, 1, 4, 9, 16, 25] == list(OneThread(chance()).map(square, range(6)))
        orders.append(ran)
    assert orders[0] == orders[1] != sorted(orders[0]) == [*range(6)]


def test_errors() -> None:
    """An exception is raised where its result is asked for, after all tasks have run; a kill ends everything."""
    ran: list[int] = []

    def task(number: int) -> int:
        ran.append(number)
        if number == 1:
            raise ValueError("told to")
        if number == 9:
            raise Killed
        return number

    with OneThread(chance()) as pool:
        results = pool.map(task, [0, 1, 2])
        assert {0, 1, 2} == set(ran)
        assert next(results) == 0
        with pytest.raises(ValueError, match="told to"):
            next(results)
        with pytest.raises(Killed):
            pool.submit(task, 9)


def test_in_one_thread() -> None:
    """While it lasts the sinks have no threads, and after it they have them again."""
    with in_one_thread(chance()):
        assert isinstance(vars(s3)["ThreadPoolExecutor"](8), OneThread)
    assert ThreadPoolExecutor is vars(s3)["ThreadPoolExecutor"]

"""Many schedules, and every crash point, on all cores: `python -m tests.simulation`; one schedule again: `--seed N`."""

from __future__ import annotations

import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import click

from tests.simulation.batches import ALL_BATCHES
from tests.simulation.redelivery import broken, double_deaths, single_deaths
from tests.simulation.story import problems_of, scheduled, tell
from tests.simulation.world import World

BLOCK = 250
CRASH_SEEDS = 4


def run_block(first: int, count: int) -> tuple[Counter[str], int, list[int]]:
    """The faults met, the invocations, and the seeds that break the promise."""
    met: Counter[str] = Counter()
    invocations, bad = 0, []
    for seed in range(first, first + count):
        world = World(scheduled(seed))
        if problems_of(world):
            bad.append(seed)
        met += world.met
        invocations += sum(len(simulator.invocations) for simulator in world.simulators.values())
    return met, invocations, bad


def run_crashes(number: int, seed: int) -> tuple[int, list[str]]:
    """How often functions were killed in a batch at all places, and what was broken then; twice for the first seed."""
    batch, runs, found = ALL_BATCHES[number], 0, list[str]()
    for plan in (*single_deaths(batch, seed), *([] if seed else double_deaths(batch))):
        runs += 1
        found += broken(batch, plan, seed)
    return runs, found


def crash(processes: int) -> bool:
    """Kill functions everywhere, and tell. Whether all was well in the end."""
    began_at = time.monotonic()
    jobs = [(number, seed) for number in range(len(ALL_BATCHES)) for seed in range(CRASH_SEEDS)]
    with ProcessPoolExecutor(processes) as pool:
        results = list(pool.map(run_crashes, *zip(*jobs, strict=True)))
    found = [line for _, some in results for line in some]
    click.echo(
        f"{sum(runs for runs, _ in results):,} runs with functions killed before or after every call, once or twice: "
        f"{len(found)} things other than without; {time.monotonic() - began_at:.0f} seconds"
    )
    for line in found[:20]:
        click.echo(line)
    return not found


@click.command()
@click.option("--schedules", default=10_000, show_default=True, help="How many.")
@click.option("--processes", default=2, show_default=True, help="On how many cores.")
@click.option("--first", default=None, type=int, help="The first seed; by default another one each time.")
@click.option("--seed", default=None, type=int, help="Only this one, told in detail.")
def main(schedules: int, processes: int, first: int | None, seed: int | None) -> None:
    """Run schedules against the consumers, and tell of the first that breaks the promise."""
    if seed is not None:
        is_bad = bool(problems_of(World(scheduled(seed))))
        click.echo(tell(seed) if is_bad else f"seed {seed} keeps the promise")
        sys.exit(int(is_bad))
    first = secrets.randbelow(2**32) if first is None else first
    click.echo(f"{schedules:,} schedules from seed {first} on", err=True)
    began_at, met, invocations, bad = time.monotonic(), Counter[str](), 0, list[int]()
    blocks = range(first, first + schedules, BLOCK)
    counts = [min(BLOCK, first + schedules - start) for start in blocks]
    with ProcessPoolExecutor(processes) as pool:
        for some_met, some_invocations, some_bad in pool.map(run_block, blocks, counts):
            met += some_met
            invocations += some_invocations
            bad += some_bad
    click.echo(
        f"{schedules:,} schedules, {invocations:,} invocations, {len(met)} things that can go wrong met "
        f"{met.total():,} times: {len(bad)} broke the promise; {time.monotonic() - began_at:.0f} seconds"
    )
    is_well = crash(processes)
    if bad:
        click.echo(f"seeds: {', '.join(map(str, bad[:20]))}\n{tell(bad[0])}")
    sys.exit(int(bool(bad) or not is_well))


if __name__ == "__main__":
    main()

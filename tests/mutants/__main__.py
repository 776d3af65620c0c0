"""Does a test notice? Every seeded bug, in a copy of the project each: `python -m tests.mutants [NAME …]`.

Exit 1 when no test notices a bug, when a patch does not fit the code any more, or when a test fails without a bug.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from pipeline.project import project_root
from tests.mutants.patches import Patch, Stale, patches
from tests.mutants.trial import Broken, Verdict, try_bug, try_none

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("names", nargs=-1)
@click.option("--processes", default=2, show_default=True, help="On how many cores.")
def main(names: Sequence[str], processes: int) -> None:
    """Seed every bug whose name holds one of NAMES, or all, and print which test noticed it."""
    chosen = [patch for patch in patches() if not names or any(name in patch.name for name in names)]
    if not chosen:
        raise click.UsageError(f"no bug is named so; there are: {', '.join(patch.name for patch in patches())}")
    began_at = time.monotonic()
    with ThreadPoolExecutor(processes) as pool:
        healthy = pool.submit(_healthy, [test for patch in chosen for test in patch.begin])
        caught = list(pool.map(_tell, chosen))
        is_healthy = healthy.result()
    click.echo(f"{sum(caught)} of {len(chosen)} bugs are noticed; {time.monotonic() - began_at:.0f} seconds")
    sys.exit(int(not (all(caught) and is_healthy)))


def _healthy(begin: Sequence[str]) -> bool:
    """Whether all tests pass without a bug; the line says which one does not."""
    try:
        verdict = try_none(project_root(), begin)
    except Broken as error:
        click.echo(f"{'(no bug)':<50} BROKEN: {error}")
        return False
    _line("(no bug)", verdict, "all tests pass" if verdict.caught_by is None else f"FAILS {verdict.caught_by}")
    return verdict.caught_by is None


def _tell(patch: Patch) -> bool:
    """Whether a test notices the bug; the line says which."""
    try:
        verdict = try_bug(project_root(), patch)
    except (Stale, Broken) as error:
        click.echo(f"{patch.name:<50} BROKEN: {error}")
        return False
    _line(patch.name, verdict, verdict.caught_by or f"SURVIVED: {patch.symptom}")
    return verdict.caught_by is not None


def _line(name: str, verdict: Verdict, found: str) -> None:
    click.echo(f"{name:<50} {verdict.seconds:>5.1f} s  {found}")


if __name__ == "__main__":
    main()

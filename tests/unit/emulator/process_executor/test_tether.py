from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

tether = importlib.import_module("process_executor.tether")

# Starts a tethered child, tells its id, and waits to be killed.
PARENT = """
import subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from process_executor.tether import tethered
child = subprocess.Popen(tethered([sys.executable, "-c", "import time; print('runs', flush=True); time.sleep(60)"]))
print(child.pid, flush=True)
time.sleep(60)
"""


def test_becomes_the_command() -> None:
    """A tethered command is that command: its output, its exit code, its place in the process tree."""
    code = "import os, sys; print(os.getppid(), sys.argv[1:]); sys.exit(3)"
    done = subprocess.run(
        tether.tethered([sys.executable, "-c", code, "a b"]), capture_output=True, text=True, check=False
    )
    assert (3, f"{os.getpid()} ['a b']\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it there")
def test_dies_with_its_parent() -> None:
    """When the parent is killed, so is the command."""
    plugin = str(Path(str(tether.__file__)).parent.parent)
    with subprocess.Popen([sys.executable, "-c", PARENT, plugin], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said = {parent.stdout.readline().strip() for _ in range(2)}
        assert "runs" in said
        parent.kill()
        # The pipe ends when nobody holds it any more: neither parent nor child.
        assert "" == parent.stdout.read()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it there")
def test_parent_is_gone_already() -> None:
    """A command whose parent ended before it was tied does not start."""
    _, *words = tether.tethered([sys.executable, "-c", "print('runs')"])
    words[words.index(str(os.getpid()))] = "1"
    done = subprocess.run([sys.executable, *words], capture_output=True, check=False)
    assert (1, b"") == (done.returncode, done.stdout)

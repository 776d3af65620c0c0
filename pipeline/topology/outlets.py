"""Where `process` tells what happens, for others to wait for it: no function of the stack reads any of these.

Another one is its resource here, an entry in OUTLETS, and in the template the resource with its policy, a variable and
a statement of `process`, and an output; then a route may name it. tests/contract/test_outlets.py names what is missing.
Never the stream of the stack, nor what stands at its doors: the pipeline would read itself, without end.
"""

from __future__ import annotations

from typing import Final

from pipeline.model import OutletKind
from pipeline.topology.kinds import Bus, Outlet, Queue, QueueAlarm, Topic

# Findings that somebody should look at now.
ALERTS_TOPIC: Final = Topic("AlertsTopic")
# All findings.
RESULTS_BUS: Final = Bus("ResultsBus", name="results")
# What happened to objects, in order of each. What is not taken yet outlives the stack.
OBJECTS_QUEUE: Final = Queue("ObjectsQueue", keep_days=14, is_fifo=True, is_kept=True)
# Whoever takes from it has stopped, or there is nobody: told long before the queue forgets.
OBJECTS_ALARM: Final = QueueAlarm("ObjectsAlarm", queue="ObjectsQueue", seconds=3600, oldest_seconds=86_400)

OUTLETS: Final = (
    Outlet("AlertsTopic", OutletKind.TOPIC),
    Outlet("ResultsBus", OutletKind.BUS),
    Outlet("ObjectsQueue", OutletKind.QUEUE),
)
KINDS: Final = {each.resource: each.kind for each in OUTLETS}

"""No path answers anything but a partial batch response: what happens to a source from which that is taken out.

Lambda takes an answer of nothing for a success, so a lost `return` loses every record that failed, without a word.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from pipeline.model import Failure, Item
from pipeline.project import PACKAGE
from pipeline.testing.bench import Bench, numbers
from pipeline.testing.lambda_events import log_event
from pipeline.testing.mapping import Clock, EventSourceMapping, KinesisSource, Simulator
from pipeline.topology import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from pipeline.testing.mapping import Context

ROOT = PACKAGE.parent
HANDLERS = [each.handler.rpartition(".")[0] for each in FUNCTIONS]
OWNERS = [*HANDLERS, "pipeline.consumer", "pipeline.core.response"]
INSTEAD = [
    "pass",  # as when the return is taken out
    "return",
    "return None",
    "return {}",
    "return []",
    "return True",
    "return ''",
    "return {'batchItemFailures': None}",
    "return {'batchItemFailures': ['1']}",
    "return {'batchItemFailures': [{'itemIdentifier': 1}]}",
    "return {'batchItemFailures': [{}]}",
    "return {'BatchItemFailures': []}",
]


def answers(tree: ast.Module) -> Iterator[ast.Return]:
    """Every return of a function that is said to answer with a partial batch response."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and ast.unparse(function.returns or tree) == "PartialBatchResponse":
            yield from (each for each in ast.walk(function) if isinstance(each, ast.Return))


def source(module: str) -> str:
    return (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()


def replaced(code: str, place: int, instead: str) -> str:
    """The source with one of its answers replaced."""
    tree = ast.parse(code)
    gone = list(answers(tree))[place]
    (statement,) = ast.parse(f"def _() -> None: {instead}").body
    assert isinstance(statement, ast.FunctionDef)
    (new,) = statement.body

    class Replace(ast.NodeTransformer):
        def visit_Return(self, node: ast.Return) -> ast.stmt:
            return new if node is gone else node

    return ast.unparse(ast.fix_missing_locations(Replace().visit(tree)))


def test_another_answer_does_not_type_check(tmp_path: Path) -> None:
    """Whatever stands in the place of an answer, mypy refuses it; the sources as they are it takes."""
    wanted = set()
    for module in OWNERS:
        code, name = source(module), module.rpartition(".")[2]
        (tmp_path / f"{name}_as_it_is.py").write_text(ast.unparse(ast.parse(code)))
        places = len(list(answers(ast.parse(code))))
        assert places
        for place in range(places):
            for number, instead in enumerate(INSTEAD):
                wanted.add(f"{name}_{place}_{number}.py")
                (tmp_path / f"{name}_{place}_{number}.py").write_text(replaced(code, place, instead))
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}"]
    files = sorted(str(each) for each in tmp_path.glob("*.py"))
    run = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert wanted == set(re.findall(r"^.*?(\w+\.py):\d+: error: ", run.stdout, re.MULTILINE)), run.stdout + run.stderr


@pytest.fixture(params=HANDLERS)
def function(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A function's module, after its cold start."""
    variables = {name: "given" for each in FUNCTIONS for name in each.environment}
    for name, value in {**variables, "LOOKUP_SECONDS": "60", "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop(request.param, None)
    yield importlib.import_module(request.param)
    sys.modules.pop(request.param, None)


def without_return(function: ModuleType) -> Callable[..., Any]:
    """The function's handler, which does the same and answers nothing."""
    code = inspect.getsource(function.handler)
    (answer,) = answers(ast.parse(code))
    assert answer.value is not None
    names = dict(vars(function))
    exec(replaced(code, 0, ast.unparse(answer.value)), names)  # noqa: S102 - it is our own source
    handler: Callable[..., Any] = names["handler"]
    return handler


def archived(handler: Callable[..., Any], bench: Bench) -> list[object]:
    """What is archived in the end when the second of three records fails at its first delivery."""
    clock = Clock()
    stream = KinesisSource(clock, next_number=1)
    for number in (1, 2, 3):
        stream.put("web-1", orjson.dumps(log_event(f"e-{number}")))
    bench.sinks[Item].failing = {"2": Failure("throttled")}

    def fails_once(event: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401 - that is tested
        answer = handler(event, context)
        bench.sinks[Item].failing = {}
        return answer

    Simulator(stream, EventSourceMapping(), fails_once, clock).run()
    return [number for each in bench.actions.named("archive") for number in cast("list[str]", each)]


def test_without_return_records_are_lost(function: ModuleType) -> None:
    """A handler that lost its return loses what failed: the simulated mapping shows it, and that it is the return."""
    complete, lossy = Bench(), Bench()
    vars(function)["_consumer"] = complete.consumer()
    assert numbers(1, 3) == archived(function.handler, complete)
    vars(function)["_consumer"] = lossy.consumer()
    assert ["1"] == archived(without_return(function), lossy)

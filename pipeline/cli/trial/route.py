"""A route that is not registered yet, from a file or a module; or one line that says why there is none.

orders.py            its ROUTE, and its TYPE if it has one
orders.py:NEW_ROUTE  another name of it
shop.routes:ROUTE    a module, found as `python -m` finds it
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.core import event_type, outlet
from pipeline.core.route import Route
from pipeline.errors import InputError, PipelineError
from pipeline.topology.outlets import KINDS

if TYPE_CHECKING:
    from types import ModuleType

_DEFAULT: Final = "ROUTE"


class Tried(NamedTuple):
    """A route, the type that it says it is for, and where it stands."""

    route: Route
    type: str | None
    place: str


def load(name: str) -> Tried:
    """The route of that name. Raises InputError."""
    where, colon, attribute = name.rpartition(":")
    if not colon:
        where, attribute = name, _DEFAULT
    module = _from_file(Path(where)) if where.endswith(".py") else _from_module(where)
    route, name_of_type = getattr(module, attribute, None), getattr(module, "TYPE", None)
    if not isinstance(route, Route):
        what = f"{attribute} is {type(route).__name__}" if hasattr(module, attribute) else f"there is no {attribute}"
        raise InputError(f"{where}: {what}; set it to a Route(transforms=(…), destinations=(…))")
    if fault := route.fault() or outlet.fault(route, KINDS):
        raise InputError(f"{where}: {attribute}.{fault}")
    return Tried(route, name_of_type if isinstance(name_of_type, str) else None, where)


def imported(name: str) -> Any:  # noqa: ANN401 - a module has what it has
    """A module. Raises InputError with the place of what is wrong in it."""
    try:
        return importlib.import_module(name)
    except PipelineError:
        raise
    except Exception as error:
        raise InputError(f"{name} cannot be imported: {_said(error)}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; --route takes FILE.py or MODULE:ROUTE")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:  # only of names that do not end in .py
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # a dataclass looks its own module up
    _look_in(path.absolute().parent)
    try:
        spec.loader.exec_module(module)
    except PipelineError:
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be imported: {_said(error)}") from error
    return module


def _from_module(name: str) -> ModuleType:
    if event_type.is_name(name) or not all(part.isidentifier() for part in name.split(".")):
        raise InputError(
            f"{name!r} is neither a file of Python nor a module; --route takes FILE.py or MODULE:ROUTE, "
            "and the registered route of a type is run with --type alone"
        )
    _look_in(Path.cwd())
    module: ModuleType = imported(name)
    return module


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _said(error: Exception) -> str:
    """What went wrong, and where: of a syntax error its own place, else the last line that ran."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    last = extract_tb(error.__traceback__)[-1]
    place = "" if last.filename.startswith("<frozen") else f"{last.filename}:{last.lineno}: "
    return f"{place}{type(error).__name__}: {error}".replace("\n", " ")

"""The routes of a package of modules, each a `TYPE` and a `ROUTE`; or the first declaration that cannot be right.

A module whose name begins with an underscore declares nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from pipeline.core import event_type, outlet
from pipeline.core.route import Route
from pipeline.errors import WrongDeclaration
from pipeline.topology.outlets import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType


def declared(path: Iterable[str], package: str) -> dict[str, Route]:
    """The route of each type, by name. Raises WrongDeclaration with the place and the remedy.

    Args:
        path: the `__path__` of the package.
        package: its name.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    routes = [_declaration(module) for module in modules]
    return dict(sorted(routes))


def check_schemas(schemas: Mapping[str, object], routes: Mapping[str, Route]) -> None:
    """Raise WrongDeclaration when a type has a schema, but no route: all of its records would hit that as a bug."""
    for name in sorted(schemas.keys() - routes.keys()):
        raise WrongDeclaration(
            f"schemas/{name}.json has no route; declare TYPE and ROUTE in pipeline/routes/"
            f"{event_type.module_name(name)}.py as its neighbours do, or remove the schema"
        )


def _declaration(module: ModuleType) -> tuple[str, Route]:
    """The type and the route of a module; as a type names its module, no two modules have the same."""
    name, route = getattr(module, "TYPE", None), getattr(module, "ROUTE", None)
    if not isinstance(name, str) or not event_type.is_name(name):
        raise _wrong(module, f"TYPE is {name!r}; set it to the name of the event type: {event_type.FORM}")
    if module.__name__.rpartition(".")[2] != event_type.module_name(name):
        raise _wrong(module, f"it declares {name}; name the file {event_type.module_name(name)}.py")
    if not isinstance(route, Route):
        raise _wrong(module, f"ROUTE is {route!r}; set it to a Route(transforms=(…), destinations=(…))")
    if fault := route.fault() or outlet.fault(route, KINDS):
        raise _wrong(module, f"ROUTE.{fault}")
    return name, route


def _wrong(module: ModuleType, what: str) -> WrongDeclaration:
    return WrongDeclaration(f"{module.__file__}: {what}")

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from pipeline.aws.lookups.secret import Secrets
from pipeline.errors import Misconfiguration
from pipeline.model import Secret, Unavailable, Want
from pipeline.testing.aws_errors import aws_error
from tests.unit.aws.lookups.clock import Clock
from tests.unit.lookups.test_secret import K1, K2, text

THROTTLED = aws_error("ThrottlingException")
SECONDS = 60.0


@dataclass
class FakeSecrets:
    """Both services: values by name; raises the errors first, one a call."""

    values: dict[str, str]
    errors: list[Exception] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def secretsmanager(self) -> FakeSecrets:
        return self

    ssm = secretsmanager

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - the API's name
        value = self._get(SecretId)
        return {"SecretString": value} if value else {"SecretBinary": b"x"}

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - the API's names
        assert WithDecryption
        return {"Parameter": {"Value": self._get(Name)}}

    def _get(self, name: str) -> str:
        self.calls.append(name)
        if self.errors:
            raise self.errors.pop(0)
        if name not in self.values:
            raise aws_error("ParameterNotFound" if name.startswith("/") else "ResourceNotFoundException")
        return self.values[name]


def secrets(*errors: Exception, **values: str) -> tuple[Secrets, FakeSecrets, Clock]:
    """The secrets of the stack `shop`, and those of another."""
    own = {f"shop/{name}": value for name, value in values.items()}
    own |= {f"/{name}": value for name, value in own.items()}
    fake, clock = FakeSecrets({**own, "other/people": text(K2)}, list(errors)), Clock()
    return Secrets(cast("Any", fake), "shop", clock, SECONDS, clock.backoff()), fake, clock


def found(made: Secrets, clock: Clock, name: str = "people") -> Any:  # noqa: ANN401 - a fact
    return made.look_up([Want("secret", name, "")], clock.remaining).facts.get(Want("secret", name, ""))


@pytest.mark.parametrize(("name", "asked"), [("people", "shop/people"), ("ssm:people", "/shop/people")])
def test_keys(name: str, asked: str) -> None:
    """Both services have secrets of this stack alone; they are asked for once in their time."""
    made, fake, clock = secrets(people=text(K1))
    keys = found(made, clock, name)
    assert isinstance(keys, Secret)
    assert ({"k1": K1}, {}) == keys.value
    clock.at = SECONDS - 0.1
    assert keys is found(made, clock, name)
    assert [asked] == fake.calls
    fake.values[asked] = text(K2)
    clock.at = SECONDS
    assert ({"k1": K2}, {}) == found(made, clock, name).value


def test_tried_again() -> None:
    """What may succeed later is tried again, and in the end out of reach; old keys are never taken instead."""
    made, fake, clock = secrets(THROTTLED, people=text(K1))
    assert isinstance(found(made, clock), Secret)
    clock.at, fake.errors = SECONDS + 1, [THROTTLED] * 99
    assert Unavailable(str(THROTTLED)) == found(made, clock)


@pytest.mark.parametrize("name", ["none", "ssm:none"])
def test_not_there(name: str) -> None:
    """A secret that is not there stops the function, loudly, at the first try."""
    made, fake, clock = secrets(people=text(K1))
    with pytest.raises(Misconfiguration, match="NotFound"):
        found(made, clock, name)
    assert 1 == len(fake.calls)


@pytest.mark.parametrize("value", ["", "hunter2", text(b"hunter2")])
def test_malformed(value: str) -> None:
    """So does one that holds no keys; nothing of it is told, wherever the error ends up."""
    made, _, clock = secrets(people=value)
    with pytest.raises(Misconfiguration, match="secret people of shop cannot be used: ") as caught:
        found(made, clock)
    told = "".join(traceback.format_exception(caught.value))
    assert not any(part in told.replace("test_secret.py", "") for part in ("hunter2", "aHVudGVyMg"))


def test_nothing_shows_keys() -> None:
    """Neither the lookup nor what it answers."""
    made, _, clock = secrets(people=text(K1))
    looked = made.look_up([Want("secret", "people", "")], clock.remaining)
    assert "MTEx" not in f"{looked}{made._cache}"  # noqa: SLF001 - what a debugger would show
    assert "1111" not in f"{looked}{made._cache}"  # noqa: SLF001 - the same

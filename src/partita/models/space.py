"""What a search may vary: a model's settings by name, each with the values that it may take.

A model declares its space as a mapping, such as {"dropout": Real(0, 0.5)}. A setting that is a tuple, such as the
filters of each layer, is varied place by place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partita.errors import UsageError


@dataclass(frozen=True)
class Whole:
    """Whole numbers from `low` to `high`, both included, `step` apart."""

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        if self.step < 1 or self.low > self.high or (self.high - self.low) % self.step:
            raise UsageError(f"{self.low}..{self.high} can't be walked in steps of {self.step}")

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int) and value in range(self.low, self.high + 1, self.step)


@dataclass(frozen=True)
class Real:
    """Real numbers between `low` and `high`, evenly on a logarithmic scale where `log`."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise UsageError(f"{self.low:g}..{self.high:g}: a range rises, and is above 0 where it is logarithmic")

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of these values."""

    options: tuple[str | int | float, ...]

    def __contains__(self, value: Any) -> bool:
        return value in self.options


Values = Whole | Real | Choice
Space = Mapping[str, Values]


def bound(space: Space, settings: Mapping[str, Any]) -> dict[str, Values]:
    """The space place by place: a setting that is a tuple of n values becomes "name.1" to "name.n".

    Raises `UsageError` for a setting that is not there or not of the kind that the space says.

    >>> bound({"filters": Whole(8, 64, 8)}, {"filters": (32, 16), "dropout": 0.1})
    {'filters.1': Whole(low=8, high=64, step=8), 'filters.2': Whole(low=8, high=64, step=8)}
    """
    places: dict[str, Values] = {}
    for name, values in space.items():
        if name not in settings or name == "labels":
            raise UsageError(f"there is no setting {name!r}; there are {', '.join(sorted({*settings} - {'labels'}))}.")
        now = settings[name]
        first = now[0] if isinstance(now, tuple) and now else now
        if (isinstance(values, Real) and not isinstance(first, float)) or (
            isinstance(values, Whole) and not isinstance(first, int)
        ):
            kind = "whole numbers" if isinstance(values, Whole) else "real numbers"
            raise UsageError(f"{name} is {first!r} and can't take {kind}")
        names = [f"{name}.{place}" for place in range(1, len(now) + 1)] if isinstance(now, tuple) else [name]
        places |= dict.fromkeys(names, values)
    return places


def joined(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from the values of their places, tuples as text with commas.

    >>> joined({"filters.1": 32, "filters.2": 16, "dropout": 0.1})
    {'filters': '32,16', 'dropout': 0.1}
    """
    settings: dict[str, Any] = {}
    for name, value in drawn.items():
        setting, dot, _ = name.partition(".")
        if dot:
            settings[setting] = f"{settings[setting]},{value}" if setting in settings else str(value)
        else:
            settings[setting] = value
    return settings


def parse_space(pairs: list[str], settings: Mapping[str, Any]) -> dict[str, Values]:
    """Read NAME=LOW..HIGH, NAME=LOW..HIGH:STEP, NAME=LOW..HIGH:log and NAME=ONE,OTHER by the settings' types.

    Raises `UsageError` where a pair has another form.
    """
    space: dict[str, Values] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        ends, _, manner = text.partition(":")
        low, dots, high = ends.partition("..")
        now = settings.get(name)
        whole = isinstance(now[0] if isinstance(now, tuple) and now else now, int)
        try:
            if not equals or not text:
                raise ValueError
            if not dots:
                space[name] = Choice(tuple(_number(option) for option in text.split(",")))
            elif whole and manner != "log":
                space[name] = Whole(int(low), int(high), int(manner or 1))
            elif manner in ("", "log"):
                space[name] = Real(float(low), float(high), manner == "log")
            else:
                raise ValueError
        except ValueError:
            raise UsageError(
                f"{pair!r}: a range is NAME=LOW..HIGH, NAME=LOW..HIGH:STEP (whole numbers), NAME=LOW..HIGH:log "
                "(real numbers) or NAME=ONE,OTHER"
            ) from None
    return space


def _number(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

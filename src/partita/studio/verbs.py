"""The verbs of the studio, each made from its task: the page's options are the function's parameters and defaults."""

import inspect
from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from math import isfinite
from typing import Any, Literal

from partita.errors import UsageError
from partita.models import MODELS, model_class
from partita.studio.fields import FIELDS, REFERENCES, Family, Field


@dataclass(frozen=True)
class Verb:
    """A task on the page, under its `name`.

    `task` is the function and `work` what a worker does with it, as "module:name". `given` are the parameters that are
    no options but stand for something on disk: recordings, folders and the like. Jobs wait in `lane`; one that is
    given no recording is called `untitled`, which may name options and what is given, as in "{model} on {data}".
    """

    name: str
    task: str
    work: str
    given: frozenset[str]
    lane: Literal["quick", "making", "long"]
    untitled: str = ""

    @property
    def function(self) -> Callable[..., Any]:
        """The task."""
        return _found(self.task)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The task's parameters by name, in their order."""
        return inspect.signature(self.function).parameters

    @property
    def options(self) -> Mapping[str, inspect.Parameter]:
        """Those that the page offers; one that has no field is left to the command line rather than ends the studio."""
        outward = {name: each for name, each in self.parameters.items() if name not in self.given | INWARD}
        return {name: each for name, each in outward.items() if self._known(name)}

    @property
    def references(self) -> Mapping[str, inspect.Parameter]:
        """Those given parameters that a form can ask for; the page has other means for the rest."""
        return {name: each for name, each in self.parameters.items() if self.asks(name)}

    def asks(self, name: str) -> bool:
        """Whether a parameter is one of those; this wants no task, since the server loads none."""
        return name in self.given and self._known(name) and self.field(name).kind in REFERENCES

    def field(self, option: str) -> Field:
        """What the page says about an option; a line of its own goes before the one for every verb."""
        return FIELDS.get(f"{self.name}.{option}") or FIELDS[option]

    def _known(self, option: str) -> bool:
        return f"{self.name}.{option}" in FIELDS or option in FIELDS


_WORK = "partita.studio.work"


def _measuring(name: str, task: str, given: set[str], untitled: str) -> Verb:
    """A task that measures: what comes of all of them is a page of figures, tables and pictures."""
    return Verb(name, f"partita.tasks.{task}", f"{_WORK}.measure:{name}", frozenset(given), "long", untitled)


VERBS = {
    verb.name: verb
    for verb in (
        Verb("classify", "partita.tasks.classify:classify", f"{_WORK}.classify:run", frozenset({"source"}), "quick"),
        Verb("audit", "partita.tasks.audit:audit", f"{_WORK}.train:audit_music", frozenset({"data", "out"}), "long"),
        Verb(
            "train",
            "partita.tasks.train:train",
            f"{_WORK}.train:train_model",
            frozenset({"data", "out", "leave_out"}),
            "long",
        ),
        _measuring("evaluate", "evaluate:evaluate", {"data", "leave_out", "out"}, "{model} on {data}"),
        _measuring("repeat", "evaluate:repeat", {"data", "leave_out", "out"}, "{model} on {data}, again and again"),
        _measuring("tune", "tune:tune", {"data", "leave_out", "out"}, "{model} on {data}"),
        _measuring("ladder", "ladder:ladder", {"data", "leave_out", "out"}, "{model} on {data}"),
        _measuring("reproduce", "reproduce:reproduce", {"data", "out"}, "{report}"),
        _measuring("sweep", "sweep:sweep", {"data", "out"}, "{model} beside {data}"),
        Verb(
            "corpus",
            "partita.tasks.render:render_corpus",
            f"{_WORK}.corpus:run",
            frozenset({"midi", "out", "table", "soundfont"}),
            "long",
            "{out}",
        ),
        Verb("render", "partita.render:render", f"{_WORK}.score:run", frozenset({"score", "soundfont"}), "quick"),
        Verb(
            "compose",
            "partita.tasks.compose:compose",
            f"{_WORK}.compose:run",
            frozenset({"prompt", "toward"}),
            "making",
            "New piece",
        ),
        Verb(
            "generate",
            "partita.tasks.generate:generate",
            f"{_WORK}.generate:run",
            frozenset({"extend"}),
            "making",
            "New sounds",
        ),
        Verb(
            "transfer",
            "partita.tasks.transfer:transfer",
            f"{_WORK}.transfer:run",
            frozenset({"content", "to", "donor"}),
            "making",
        ),
    )
}
INWARD = frozenset({"progress", "listen"})
"""Parameters that are no request: the worker hands them in."""


def find(name: str) -> Verb:
    """A verb by its name.

    Raises `UsageError` for an unknown one.
    """
    if name not in VERBS:
        raise UsageError(f"there is no verb {name!r}; there are {', '.join(VERBS)}")
    return VERBS[name]


def described() -> list[dict[str, Any]]:
    """Every verb with its options and what it `needs`, JSON-ready, for the page to make its forms of."""
    return [
        {
            "name": name,
            "fields": [_described(verb.field(option), each) for option, each in verb.options.items()],
            "references": [_described(verb.field(name), each) for name, each in verb.references.items()],
            "given": sorted(verb.given),
            "needs": [each.name for each in verb.parameters.values() if each.name in verb.given and _needed(each)],
        }
        for name, verb in VERBS.items()
    ]


def _described(field: Field, option: inspect.Parameter) -> dict[str, Any]:
    default = None if _needed(option) else option.default
    fitting = _fitting(field.family) if "model" in field.kind or "architecture" in field.kind else []
    return {"name": option.name, **asdict(field), "default": default, "required": _needed(option), "fitting": fitting}


FAMILIES: Mapping[Family, str] = {
    "classifier": "partita.models.classifier:Classifier",
    "composer": "partita.models.composer:Composer",
    "generator": "partita.models.generator:Generator",
}


@cache
def _fitting(family: Family | None) -> list[str]:
    """The names of the architectures that are of a family, or of all."""
    if family is None:
        return list(MODELS)
    contract: Any = _found(FAMILIES[family])
    return [name for name in MODELS if issubclass(model_class(name), contract)]


def _needed(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def check(description: Mapping[str, Any], values: Mapping[str, Any], given: Set[str]) -> None:
    """Raise `UsageError` unless the page's values and references fit a verb's description."""
    fields = {field["name"]: field for field in description["fields"]}
    for name, value in values.items():
        if name not in fields:
            raise UsageError(f"{description['name']} has no option {name!r}; it has {', '.join(fields)}")
        if not _fits(fields[name], value):
            raise UsageError(f"{fields[name]['label']}: {value!r} is not {fields[name]['kind']}")
    if strange := given - set(description["given"]):
        raise UsageError(f"{description['name']} does not take {', '.join(sorted(strange))}")
    missing = [name for name, field in fields.items() if field["required"] and values.get(name) in (None, "")]
    missing += [name for name in description["needs"] if name not in given]
    if missing:
        raise UsageError(f"{description['name']} needs {', '.join(missing)}")


KINDS = {
    "a switch": bool,
    "a whole number": int,
    "a number": int | float,
    "a slider": int | float,
    "a list": list,
    "numbers": list,
    "models": list,
    "settings": dict,
}


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    if value is None:
        return field["default"] is None
    if isinstance(value, bool):
        return bool(field["kind"] == "a switch")
    if isinstance(value, list) and not all(_fits_inside(field["kind"], each) for each in value):
        return False
    if isinstance(value, int | float) and not isfinite(value):
        return False
    return isinstance(value, KINDS.get(field["kind"], str))


def _fits_inside(kind: str, value: Any) -> bool:
    if kind == "numbers":
        return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return isinstance(value, str)


def work_of(verb: Verb) -> Callable[..., Any]:
    """What a worker does for a verb."""
    return _found(verb.work)


def _found(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found

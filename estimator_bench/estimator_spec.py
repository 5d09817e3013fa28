"""Estimators as users write them: `ridge`, `ridge:alpha=0.1`, `rank-average:of=synflow+jacov`."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.registry import load


def make_estimator(spec: str) -> Estimator:
    """The estimator written as `name[:key=value[:key=value]...]`; members of a tuple are joined by `+`.

    Raises:
        UnknownNameError: no such estimator or parameter.
        UsageError: a value that is not of the parameter's type, or two for one parameter.
        PluginError: its plug-in cannot be imported.
    """
    name, _, given = spec.partition(":")
    factory = load("estimator", name)
    parameters = {field.name: field for field in (fields(factory) if is_dataclass(factory) else ()) if field.init}
    values: dict[str, Any] = {}
    for item in filter(None, given.split(":")):
        key, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"'{spec}': write parameters as key=value, not '{item}'")
        if key not in parameters:
            raise UnknownNameError(f"parameter of '{name}'", key, parameters)
        if key in values:
            raise UsageError(f"'{spec}': the parameter '{key}' is given twice")
        values[key] = _convert(parameters[key], text, spec)
    estimator: Estimator = factory(**values)
    return estimator


def spec_of(estimator: Estimator) -> str:
    """The shortest text that makes this estimator again: parameters at their defaults are left out."""
    if not is_dataclass(estimator):
        return estimator.name
    changed = [
        f"{field.name}={_text(value)}"
        for field in fields(estimator)
        if field.init and (value := getattr(estimator, field.name)) != field.default
    ]
    return f"{estimator.name}:{':'.join(changed)}" if changed else estimator.name


def _text(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _convert(parameter: Field[Any], text: str, spec: str) -> Any:
    default = parameter.default
    if default is MISSING:
        raise UsageError(f"'{spec}': the parameter '{parameter.name}' has no default, so its type is unknown")
    if isinstance(default, bool):
        if text not in ("True", "False"):
            raise UsageError(f"'{spec}': {parameter.name} is True or False, not '{text}'")
        return text == "True"
    if isinstance(default, tuple):
        return tuple(text.split("+"))
    try:
        return type(default)(text)
    except ValueError:
        raise UsageError(f"'{spec}': {parameter.name} must be {type(default).__name__}, not '{text}'") from None

"""Estimators as users write them: `ridge`, `ridge:alpha=0.1`, `rank-average:of=[ridge:alpha=0.1]+params`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from estimator_bench.errors import PluginError, UnknownNameError, UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.guard import Failure, attempt
from estimator_bench.registry import load


def make_estimator(spec: str) -> Estimator:
    """The estimator written as `name[:key=value[:key=value]...]`.

    The members of a tuple are joined by `+`. A value or member that holds a separator itself stands in brackets.

    Raises:
        UnknownNameError: no such estimator or parameter, or a value that is none of those to choose from.
        UsageError: a value that is not of the parameter's type, two for one parameter, or none for one that needs it.
        PluginError: its plug-in cannot be imported, or the types of its parameters are not defined.
    """
    name, *given = split_outside_brackets(spec, ":")
    factory = load("estimator", name)
    parameters = {field.name for field in (fields(factory) if is_dataclass(factory) else ()) if field.init}
    values: dict[str, Any] = {}
    for item in filter(None, given):
        key, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"'{spec}': write parameters as key=value, not '{item}'")
        if key not in parameters:
            raise UnknownNameError(f"parameter of '{name}'", key, parameters)
        if key in values:
            raise UsageError(f"'{spec}': the parameter '{key}' is given twice")
        hints = attempt(get_type_hints, factory)
        if isinstance(hints, Failure):
            raise PluginError(f"the types of the parameters of '{name}' are not defined: {hints.reason}")
        values[key] = _convert(hints[key], text, f"'{spec}': {key}")
    try:
        estimator: Estimator = factory(**values)
    except (TypeError, ValueError, LookupError) as error:  # a parameter without a default, or the plug-in's own check
        raise UsageError(f"'{spec}' cannot be made: {error}") from error
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
    return ":".join((estimator.name, *changed))


def split_outside_brackets(text: str, separator: str) -> list[str]:
    """The parts of a text between separators, but for those inside square brackets, which may be nested.

    Raises:
        UsageError: a bracket without its partner.
    """
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            break
        if character == separator and not depth:
            parts.append("")
        else:
            parts[-1] += character
    if depth:
        raise UsageError(f"'{text}': a bracket has no partner")
    return parts


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(_bracketed(str(member)) for member in value)
    return _bracketed(str(value)) if value != "" else ""


def _bracketed(text: str) -> str:
    """The text, in brackets if something in it would separate; an empty member is told from no member by brackets."""
    return f"[{text}]" if not text or set(text) & set(":+,[]") else text


def _convert(kind: Any, text: str, where: str) -> Any:
    """The value of an annotated type that a text stands for; `where` is the spec and the parameter, for messages."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        (other,) = set(arguments) - {NoneType}
        return None if text == "None" else _convert(other, text, where)
    if origin is tuple and arguments[1:] == (...,) and get_origin(arguments[0]) is not tuple:
        return tuple(_convert(arguments[0], member, where) for member in split_outside_brackets(text, "+") if text)
    if text[:1] == "[" and text[-1:] == "]":
        text = text[1:-1]
    if origin is Literal or kind is bool:
        choices = {str(choice): choice for choice in arguments or (False, True)}
        if text not in choices:
            raise UnknownNameError("value", text, choices, f"{where} is one of {', '.join(choices)}")
        return choices[text]
    if kind not in (int, float, str):
        raise UsageError(f"{where} cannot be given here, as values of {kind} have no text form")
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{where} must be {kind.__name__}, not '{text}'") from None

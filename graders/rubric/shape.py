"""Does every part have the keys and the kinds of value that it should? In sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from graders.language import _
from graders.rubric.form import (
    ASSIGNMENT_ID,
    CRITERION_ID,
    EXERCISE_ID,
    PROFILE_NAME,
    TAG_NAME,
)
from graders.rubric.problems import Fault, Place, did_you_mean

F = TypeVar("F", bound=BaseModel)

_EXAMPLES = {
    CRITERION_ID: "e2.io_size",
    EXERCISE_ID: "e2",
    ASSIGNMENT_ID: "p3",
    PROFILE_NAME: "quick",
    TAG_NAME: "P2",
}


def read_form(data: Any, form: type[F], called: str) -> tuple[F | None, list[Fault]]:
    """The form when the data has its shape; else None and what is wrong with it.

    `called` is how a sentence calls the whole of it: The rubric.
    """
    try:
        return form.model_validate(data), list(_empty(data, ()))
    except ValidationError as error:
        empty = list(_empty(data, ()))
        told = {fault.place for fault in empty}
        wrong = [
            Fault(details["loc"], _sentence(details, form, called))
            for details in error.errors(include_url=False)
            # pydantic counts the entries that are right: none right is not none there
            if details["loc"] not in told
            and not (details["type"] == "too_short" and details["input"])
        ]
        return None, [*empty, *wrong]


def _empty(data: Any, place: Place) -> Iterator[Fault]:
    """Keys without a value: left unfinished, never meant. Parameters may be null."""
    if place and place[-1] == "params" and data is not None:
        return
    if data is None:
        yield Fault(place, _("'{key}' has no value.").format(key=place[-1]))
    elif isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _empty(value, (*place, step))


def _sentence(details: ErrorDetails, form: type[BaseModel], called: str) -> str:
    place, value, context = details["loc"], details["input"], details.get("ctx", {})
    key = _last_key(place)
    subject = _subject(place, key) if key else called
    match details["type"]:
        case "extra_forbidden":
            return _("Unknown key '{key}'.").format(key=key) + did_you_mean(
                str(key), _keys_at(place[:-1], form)
            )
        case "missing":
            return _("'{key}' is missing.").format(key=key)
        case "value_error":
            return str(context["error"])
        case "string_too_short":
            return _("'{key}' is empty.").format(key=key)
        case "too_short":
            return _("'{key}' is an empty list: it needs at least one entry.").format(key=key)
        case "string_pattern_mismatch":
            return _("'{value}' is not a valid name here: write it like '{example}'.").format(
                value=value, example=_EXAMPLES[context["pattern"]]
            )
        case "literal_error":
            return _("'{value}' is not a {key}: it is one of {known}.").format(
                value=value, key=key, known=context["expected"].replace(" or ", ", ")
            )
        case "string_type":
            return _("{subject} must be a text, not {kind}.").format(
                subject=subject, kind=_kind(value)
            )
        case "bool_type":
            return _("'{key}' must be true or false.").format(key=key)
        case "tuple_type":
            return _("{subject} must be a list, not {kind}.").format(
                subject=subject, kind=_kind(value)
            )
        case "model_type" | "model_attributes_type" | "dict_type":
            return _("{subject} must be keys with values, not {kind}.").format(
                subject=subject, kind=_kind(value)
            )
        case "union_tag_not_found":
            return _("{subject} must be a criterion or a condition, not {kind}.").format(
                subject=subject, kind=_kind(value)
            )
    return f"{subject}: {details['msg']}."


def _last_key(place: Place) -> str:
    """The key that a reader would name: not a position, nor a branch of a union."""
    keys = [step for step in place if isinstance(step, str)]
    while keys and keys[-1] in ("criterion", "condition"):
        keys.pop()
    return keys[-1] if keys else ""


def _subject(place: Place, key: str) -> str:
    """What the sentence is about."""
    quoted = f"'{key}'"
    return _("An entry of {key}").format(key=quoted) if place[-1] != key else quoted


def _kind(value: object) -> str:
    match value:
        case bool():
            return _("true or false")
        case int() | float():
            return _("a number")
        case str():
            return _("a text")
        case list():
            return _("a list")
        case dict():
            return _("keys with values")
    return type(value).__name__


def _keys_at(place: Place, form: type[BaseModel]) -> list[str]:
    """The keys known in that part of the form."""
    for step in place:
        if step in form.model_fields:
            form = _form_within(form.model_fields[str(step)].annotation) or form
    return list(form.model_fields)


def _form_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_form_within, get_args(annotation))), None)

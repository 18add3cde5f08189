"""What is wrong with a value of a document, in sentences of Tamis and not in those of pydantic.

Every type of error that pydantic knows has a sentence here, or the general one.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from tamis.language import N_, _, printable

SENTENCES: Mapping[str, str] = {
    "bool": N_("must be true or false"),
    "date": N_("must be a date such as 2026-02-28"),
    "dict": N_("must be a mapping of keys to values"),
    "finite_number": N_("must be a finite number"),
    "float": N_("must be a number"),
    "frozen_dict": N_("must be a mapping of keys to values"),
    "greater_than": N_("must be greater than {gt}"),
    "greater_than_equal": N_("must be {ge} or more"),
    "int": N_("must be a whole number"),
    "less_than": N_("must be less than {lt}"),
    "less_than_equal": N_("must be {le} or less"),
    "list": N_("must be a list, `[…]`"),
    "mapping": N_("must be a mapping of keys to values"),
    "multiple_of": N_("must be a multiple of {multiple_of}"),
    "none_required": N_("must be absent"),
    "recursion": N_("must not refer to itself"),
    "set": N_("must be a list, `[…]`"),
    "string_pattern_mismatch": N_("must match the pattern `{pattern}`"),
    "string_too_long": N_("must not be longer than {max_length} characters"),
    "string_too_short": N_("must not be shorter than {min_length} characters"),
    "string": N_("must be a string"),
    "too_long": N_("must have at most {max_length} entries, got {actual_length}"),
    "too_short": N_("must have at least {min_length} entries, got {actual_length}"),
    "tuple": N_("must be a list, `[…]`"),
}
"""By the beginning of a type of error of pydantic; the longest one that fits is taken."""

_YAML: Mapping[str, str] = {
    "found character '\\t'": N_("a line must not begin with a tab: write spaces"),
    "found character": N_("a text that begins with this character must be in quotes"),
    "mapping values": N_(
        "a text with `: ` in it must be in quotes, and a key must stand right under the one before"
    ),
    "could not find expected ':'": N_("a key must be followed by `: `"),
    "found unexpected end of stream": N_("a quote is opened and not closed"),
    "expected <block end>": N_(
        "this does not belong here: look at the columns in which lines begin, and at quotes"
    ),
    "expected ','": N_("a list in brackets, or keys in braces, needs its commas and its end"),
    "expected the node content": N_("a value is missing, or must be in quotes"),
    "found undefined alias": N_("an alias (`*name`) must follow its anchor (`&name`)"),
    "found unknown escape": N_("in double quotes `\\` must be written twice"),
    "sequence entries": N_("a list must begin on a line of its own"),
}
"""By the beginning of what the parser of YAML says."""

_FRENCH_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def describe_mistake(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Return the sentence for one error of pydantic, with its input, in a document of `model`.

    Example:
        >>> from tamis.documents.policy import Policy
        >>> path = ("releases", 0, "from")
        >>> error = {"type": "date_from_datetime_parsing", "loc": path, "input": "01/02/2026"}
        >>> describe_mistake(error, Policy)
        'must be a date such as 2026-02-28, got a text: write 2026-02-01'
    """
    kind, path, context = detail["type"], detail["loc"], detail.get("ctx") or {}
    given = detail.get("input")
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", "")) or _("must be another value")
    if kind == "missing":
        text = _("key `{key}` is missing", key=path[-1])
        meaning = _meaning(model, path)
        return f"{text} ({meaning})" if meaning else text
    if kind.startswith(("model", "dataclass")):
        return _no_mapping(next(_models_at(model, path), model), given)
    if kind in ("literal_error", "enum"):
        return _expected(context["expected"], given)
    known = [name for name in SENTENCES if kind.startswith(name)]
    if not known:
        return _("must be another value, got {kind}", kind=describe_kind(given))
    text = _(SENTENCES[max(known, key=len)]).format(**context)
    if kind.endswith(("_type", "_parsing", "_parsing_size")) or "from" in kind:
        text += _(", got {kind}", kind=describe_kind(given))
    if kind.startswith("date") and isinstance(given, str):
        text += _date_hint(given)
    if kind == "string_type" and isinstance(given, bool | int | float | datetime.date):
        text += _(": put it in quotes")
    return text


def _expected(values: str, given: Any) -> str:
    """What may stand there, of the values as pydantic lists them: `'a', 'b' or 3`."""
    names = re.findall(r"'([^']*)'|([^\s,]+)", values.replace(" or ", ", "))
    *others, last = (f"`{text or number}`" for text, number in names)
    shown = ", ".join(others) + _(" or ") + last if others else last
    text = _("must be {expected}", expected=shown)
    if isinstance(given, str) and "'" not in values:
        text += _(", a number without quotes")
    return text


def describe_yaml(problem: str) -> str:
    """Return the sentence for what the parser of YAML says.

    Example:
        >>> describe_yaml("sequence entries are not allowed here")
        'a list must begin on a line of its own'
    """
    known = (text for beginning, text in _YAML.items() if problem.startswith(beginning))
    return _(next(known, N_("the document cannot be read from here on")))


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys that a document of `model` may have."""
    return [info.alias or name for name, info in model.model_fields.items()]


def _no_mapping(model: type[BaseModel], given: Any) -> str:
    keys = keys_of(model)
    text = _("must be a mapping with keys of {keys}", keys=", ".join(f"`{key}`" for key in keys))
    text += _(", got {kind}", kind=describe_kind(given))
    if isinstance(given, str) and given in keys:
        inner = next(_models_at(model, (given,)), None)
        needed = [name for name in keys_of(inner) if _is_required(inner, name)] if inner else []
        parts = ", ".join(f"{name}: …" for name in needed)
        example = "{" + given + ": " + ("{" + parts + "}" if inner else "…") + "}"
        text += _(": write {example}", example=example)
    return text


def _is_required(model: type[BaseModel], key: str) -> bool:
    return any(info.is_required() for info in _fields_of(model, key))


def _meaning(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """What the key at `path` means, in the language in use."""
    owner = next(_models_at(model, path[:-1]), model)
    return next((_(_sentence(info)) for info in _fields_of(owner, str(path[-1]))), "")


def _sentence(info: Any) -> str:
    """The first sentence of what the manual says of a key, to stand inside another one."""
    words = " ".join((info.description or "").split())
    first = re.split(r"(?<=[\w)`»][\w)`»])\. (?=[A-Z`])", words)[0]
    is_word = first[1:2].islower() or first[1:2] == " "
    return (first[:1].lower() + first[1:] if is_word else first).rstrip(".")


def meanings(model: type[BaseModel]) -> set[str]:
    """What each key means that a document of `model` must have, at any depth: to be translated.

    Example:
        >>> from tamis.documents.policy import Policy
        >>> "the purpose that the release serves (`R6323-33.5`)" in meanings(Policy)
        True
    """
    models, left = {model}, [model]
    while left:
        inner = {one for info in left.pop().model_fields.values() for one in _within(info)}
        left += inner - models
        models |= inner
    infos = (info for each in models for info in each.model_fields.values())
    return {_sentence(info) for info in infos if info.is_required()}


def _within(info: Any) -> Iterator[type[BaseModel]]:
    """The models that a key's value may be of, or hold."""
    left = [info.annotation]
    while left:
        annotation = left.pop()
        left += get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation


def _fields_of(model: type[BaseModel], key: str) -> Iterator[Any]:
    for name, info in model.model_fields.items():
        if key in (name, info.alias):
            yield info


def _models_at(model: type[BaseModel], path: Sequence[str | int]) -> Iterator[type[BaseModel]]:
    """The models that the value at `path` of a document of `model` may follow."""
    if not path:
        yield model
        return
    for info in _fields_of(model, str(path[0])):
        yield from _models_in(info.annotation, path[1:])


def _models_in(annotation: Any, path: Sequence[str | int]) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _models_at(annotation, path)
        return
    is_container = get_origin(annotation) not in (Union, UnionType) and bool(get_args(annotation))
    if is_container and not path:
        return
    for inner in get_args(annotation):
        yield from _models_in(inner, path[1:] if is_container else path)


def describe_kind(value: Any) -> str:
    """What a value of a document is, without the value."""
    match value:
        case None:
            return _("nothing")
        case bool():
            return _("true or false")
        case int() | float():
            return _("a number")
        case datetime.date():
            return _("a date")
        case list() | tuple():
            return _("a list")
        case dict():
            return _("a mapping")
        case str():
            return _("a text")
        case _other:
            return _("another value")


def _date_hint(given: str) -> str:
    match = _FRENCH_DAY.fullmatch(given.strip())
    if not match:
        return ""
    try:
        day = datetime.date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return ""
    return printable(_(": write {day}", day=day))

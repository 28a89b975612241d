"""What all sections share: strictness, and faults that name their exact place, all of them at once."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError


@dataclass(frozen=True)
class Broken:
    """A rule between settings that is not kept: where below the section, a stable kind, why, and its data."""

    at: tuple[int | str, ...]
    kind: str
    reason: str
    data: Mapping[str, str] = field(default_factory=dict)


class Given:
    """A part of a document as it was given, right or wrong: rules look at it before types are known to be right."""

    def __init__(self, node: object) -> None:
        self.node = node

    def get(self, name: str) -> object:
        """What stands under a name; None when nothing does."""
        if isinstance(self.node, Mapping):
            return self.node.get(name)
        if isinstance(self.node, BaseModel):
            return getattr(self.node, name, None)
        return None

    def part(self, name: str) -> Given:
        """A section below this one."""
        return Given(self.get(name))

    def parts(self, name: str) -> list[Given]:
        """The entries of a list below this one."""
        entries = self.get(name)
        return [Given(entry) for entry in entries] if isinstance(entries, list | tuple) else []


class Section(BaseModel):
    """A part of the settings document. Unknown keys are refused: a typo must not silently mean the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:  # noqa: ARG003 - most sections have none
        """The rules between this section's settings that are not kept. Pure; given may be wrong in other ways too."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _every_fault_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        broken = [*_quoted(cls, data), *cls.rules(Given(data))]
        lines = [
            InitErrorDetails(
                type=PydanticCustomError(rule.kind, _as_is(rule.reason), dict(rule.data)), loc=rule.at, input=None
            )
            for rule in broken
        ]
        places = {rule.at for rule in broken}
        try:
            section = handler(data)
        except ValidationError as error:
            lines += [_again(entry) for entry in error.errors(include_url=False) if entry["loc"] not in places]
        if lines:
            raise ValidationError.from_exception_data(cls.__name__, lines)
        return section


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
INTERFACE_NAME_MAX = 15  # IFNAMSIZ - 1 bytes
# The kernel takes nearly any byte, but a name stands between quotes in nftables' text, where
# a quote or a backslash ends it and an asterisk means any interface.
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,14}$")]
DevicePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f\x7f]+$", max_length=4095)]  # PATH_MAX - 1


def duplicates(given: Given, entries: str, *names: str) -> Iterator[Broken]:
    """Each entry of a list that has the same value, or the same values, as one before it."""
    seen: set[tuple[object, ...]] = set()
    for index, entry in enumerate(given.parts(entries)):
        values = tuple(entry.get(name) for name in names)
        if values[0] is None or not all(_comparable(value) for value in values):
            continue
        if values in seen:
            shown = " ".join(str(value) for value in values if value is not None)
            yield Broken((entries, index, names[0]), "duplicate", f"{shown} stands twice", {"value": shown})
        seen.add(values)


def _comparable(value: object) -> bool:
    return not isinstance(value, list | dict)


def _quoted(section: type[BaseModel], data: object) -> Iterable[Broken]:
    """A number or a true/false written as a text, or one as the other: TOML has types, a guess may be wrong."""
    if not isinstance(data, Mapping):
        return
    for name, info in section.model_fields.items():
        value = data.get(name)
        wanted = _plain(info.annotation)
        if wanted is None or value is None:
            continue
        if isinstance(value, str) or isinstance(value, bool) is not (wanted is bool):
            kind = f"{wanted.__name__}_type"
            yield Broken((name,), kind, f"{_TYPE_NAMES[wanted]} expected", {"given": str(value)[:40]})


_TYPE_NAMES: dict[type, str] = {int: "a whole number is", float: "a number is", bool: "true or false is"}


def _plain(annotation: object) -> type | None:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        (annotation, *_) = [part for part in typing.get_args(annotation) if part is not type(None)]
    return annotation if isinstance(annotation, type) and annotation in _TYPE_NAMES else None


def _again(entry: Any) -> InitErrorDetails:
    """An error of pydantic, to be raised again beside ours."""
    context = {key: str(value) for key, value in (entry.get("ctx") or {}).items()}
    error = PydanticCustomError(entry["type"], _as_is(entry["msg"]), context)
    return InitErrorDetails(type=error, loc=entry["loc"], input=entry["input"])


def _as_is(text: str) -> Any:
    """A message that is no template: its braces are not places to fill in."""
    return text.replace("{", "(").replace("}", ")")

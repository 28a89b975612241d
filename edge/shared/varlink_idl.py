"""Interfaces described by pydantic models, and their varlink text generated from them (varlink.org/Interface-Definition)."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from inspect import cleandoc
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

FIELD_NAME = re.compile(r"^[A-Za-z](_?[A-Za-z0-9])*$")


class Message(BaseModel):
    """Something sent over varlink. Receivers ignore fields they do not know: fields are only added."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Params(BaseModel):
    """Parameters of a call. An unknown one is refused: the caller would think it had an effect."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NoParams(Params):
    """A call without parameters."""


class Empty(Message):
    """A reply that only says done."""


class ErrorReply(Message):
    """Base of the named errors of an interface; the class name is the error's name, the fields its data."""


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Message)


@dataclass(frozen=True)
class Method(Generic[P, R]):
    """One method: its name, what goes in, what comes out, and whether it may answer several times (more)."""

    name: str
    params: type[P]
    result: type[R]
    doc: str
    streams: bool = False


@dataclass(frozen=True)
class Interface:
    """One daemon's varlink interface."""

    name: str
    doc: str
    methods: Sequence[Method[Any, Any]]
    errors: Sequence[type[ErrorReply]] = ()

    def method(self, name: str) -> Method[Any, Any] | None:
        """Find a method by its short name."""
        return next((method for method in self.methods if method.name == name), None)

    def text(self) -> str:
        """Render the interface definition that varlink clients introspect."""
        return _Text(self).render()


class _Text:
    """Collects the named types while methods are rendered, so that each is written once."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.named: dict[str, str] = {}

    def render(self) -> str:
        members = [self._method(method) for method in self.interface.methods]
        errors = [self._error(error) for error in self.interface.errors]
        head = _comment(self.interface.doc) + f"interface {self.interface.name}"
        return "\n\n".join([head, *self.named.values(), *members, *errors]) + "\n"

    def _method(self, method: Method[Any, Any]) -> str:
        doc = method.doc + (" Answers more than once when called with more." if method.streams else "")
        return _comment(doc) + f"method {method.name}{self._struct(method.params)} -> {self._struct(method.result)}"

    def _error(self, error: type[ErrorReply]) -> str:
        return _comment(error.__doc__ or "") + f"error {error.__name__} {self._struct(error)}"

    def _struct(self, model: type[BaseModel]) -> str:
        fields = []
        for name, field in model.model_fields.items():
            wire = field.serialization_alias or field.alias or name
            if not FIELD_NAME.match(wire):
                raise ValueError(f"{model.__name__}.{wire}: not a varlink field name")
            fields.append(f"{wire}: {self._type(field.annotation)}")
        return "(" + ", ".join(fields) + ")"

    def _type(self, annotation: Any) -> str:  # noqa: PLR0911 - one line a type reads best
        origin = typing.get_origin(annotation)
        arguments = typing.get_args(annotation)
        if origin in (typing.Union, types.UnionType):
            (inner,) = [argument for argument in arguments if argument is not type(None)]
            return "?" + self._type(inner)
        if origin is typing.Annotated:
            return self._type(arguments[0])
        if origin in (list, tuple):
            return "[]" + self._type(arguments[0])
        if origin is dict:
            value = arguments[1]
            return "[string]object" if value is Any else "[string]" + self._type(value)
        if annotation is Any:
            return "object"
        if annotation is datetime:
            return "string"
        for python, varlink in ((bool, "bool"), (int, "int"), (float, "float")):
            if annotation is python:
                return varlink
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return self._name(annotation, "(" + ", ".join(str(member.value) for member in annotation) + ")")
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self._name(annotation, None)
        if isinstance(annotation, type) and issubclass(annotation, str):
            return "string"
        raise TypeError(f"no varlink type for {annotation!r}")

    def _name(self, annotation: type, body: str | None) -> str:
        name = annotation.__name__
        if name not in self.named:
            self.named[name] = ""  # reserves the place: a type stands before those it uses
            if body is None:
                body = self._struct(annotation)
            self.named[name] = _comment(annotation.__doc__ or "") + f"type {name} {body}"
        return name


def _comment(text: str) -> str:
    lines = cleandoc(text).splitlines()
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)

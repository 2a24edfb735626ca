"""What a reader has read once is not read again, as long as the data and the reader's scope are the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast


class Remembers(Protocol):
    """What has a memory: values by the name and the arguments of the method that made them."""

    _memory: dict[Hashable, Any]


Reader = TypeVar("Reader", bound=Remembers)
Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def cached(
    method: Callable[Concatenate[Reader, Arguments], Value],
) -> Callable[Concatenate[Reader, Arguments], Value]:
    """Let a method read its table once."""

    @wraps(method)
    def read(self: Reader, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        key = (method.__name__, *args, *sorted(kwargs.items()))
        if key not in self._memory:
            self._memory[key] = method(self, *args, **kwargs)
        value: Value = self._memory[key]
        return value

    return cast("Callable[Concatenate[Reader, Arguments], Value]", read)

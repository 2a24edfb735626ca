"""One YAML file becomes its model, every problem with its line; and where declarations that are shipped lie."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from impact.declare.location import Location
from impact.declare.yaml_file import MAX_BYTES, Lines, read_yaml
from impact.errors import DeclarationError, Problem

Model = TypeVar("Model", bound=BaseModel)


def shipped(name: str) -> Path:
    """Return the folder of shipped declarations (``schemas``), ``frameworks`` or example programmes (``data``).

    They lie in the wheel as ``impact/_schemas`` and so on, in a checkout beside the package.
    """
    package = Path(str(resources.files("impact")))
    inside = package / f"_{name}"
    if inside.is_dir():
        return inside
    return package.parent / name


def read_declaration(path: Path, model: type[Model], shown: str, limit: int = MAX_BYTES) -> tuple[Model, Lines]:
    """Read one YAML file into its model, or raise with every problem and its line."""
    data, lines = read_yaml(path, shown, limit)
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        problems = [_problem(item, lines, shown) for item in error.errors() if not _follows(item)]
        raise DeclarationError(problems) from None


def _follows(item: Any) -> bool:
    """Tell whether a list is called too short only because some of its items are wrong, each said by itself."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])


def _problem(item: Any, lines: Lines, shown: str) -> Problem:
    """Return an error of a model as a problem of the file."""
    at = _location(item, lines, shown)
    kind, context = item["type"], item.get("ctx", {})
    name = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        return at.problem(f"unknown field '{name}'", fix="Remove or rename it.")
    if kind == "missing":
        return at.problem(f"the field '{name}' is missing", fix="Add it.")
    if kind == "too_short":
        least = context["min_length"]
        unit = "character" if isinstance(item["input"], str) else "item"
        plural = "s" if least > 1 else ""
        return at.problem("too short", f"at least {least} {unit}{plural}", _shown(item["input"]))
    expected = next((context[key] for key in ("expected", "expected_tags", "pattern") if key in context), "")
    message = str(item["msg"]).removeprefix("Value error, ")
    return at.problem(message, str(expected), _shown(item.get("input")))


def _location(item: Any, lines: Lines, shown: str) -> Location:
    """Return where an error of a model stands: as deep as the file has a line, and the last step of its path."""
    steps: tuple[str | int, ...] = tuple(item["loc"])
    path: tuple[str | int, ...] = ()
    for step in steps:
        if (*path, step) in lines:
            path = (*path, step)
    last = steps[-1:]
    field_path = path if last == path[-1:] else (*path, *last)
    return Location(shown, lines.get(path), ".".join(map(str, field_path)))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"

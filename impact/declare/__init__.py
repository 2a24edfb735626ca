"""Declare: a programme folder (YAML) becomes typed, frozen objects. First room of the flow; imports nothing below."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.declare.base import in_language, last_day
    from impact.declare.check import check_programme
    from impact.declare.load import Programme, load_programme
    from impact.declare.read import shipped

__all__ = ["Programme", "check_programme", "in_language", "last_day", "load_programme", "shipped"]
__getattr__ = on_demand(__name__, __file__)

"""``registrations.yaml``: plans frozen by ``impact register``, newest last; written by the engine, read here."""

from __future__ import annotations

from typing import Any

from impact.declare.base import Declared, Id


class Registration(Declared):
    """A plan as it stood at one moment.

    ``indicators`` holds, per indicator, everything that was promised or planned; ``plan_hash`` is the hash of it and
    of the theory of change. ``entry_hash`` chains the entry, its time and author to the one before.
    """

    registered_at: str
    author: str
    note: str = ""
    plan_hash: str
    entry_hash: str
    theory_of_change: dict[str, Any]
    indicators: dict[Id, dict[str, Any]]


class RegistrationsFile(Declared):
    """The whole of ``registrations.yaml``."""

    registrations: tuple[Registration, ...] = ()

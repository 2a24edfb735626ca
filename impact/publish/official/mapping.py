"""How parts, waves and units of a programme are called in its data structure; kept in ``impact.structure_mapping``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from impact.declare.linked import Linked

Dimensions = Mapping[str, str]
"""The code of a part in each dimension that tells parts apart; the total in those that are left out."""


@dataclass(frozen=True)
class IndicatorFacts:
    """What every observation of an indicator has alike.

    Parameters
    ----------
    unit, multiplier, decimals
        Code of the unit, power of ten that values are given in, how many decimals mean something.
    level
        ``micro``, ``meso`` or ``macro``.
    period, baseline
        Time period of the outcome and of the baseline; empty where no date is declared.
    """

    unit: str
    multiplier: int
    decimals: int
    level: str
    period: str
    baseline: str


@dataclass(frozen=True)
class OfficialMapping:
    """The mapping of one programme.

    Parameters
    ----------
    area
        Code of the area of the whole.
    parts
        By ``column=code``, where the part stands.
    periods
        Time period of each wave.
    indicators
        By id.
    scheme
        The list that codes of areas are from.
    publisher, email, licence
        As declared; empty where not stated.
    declared
        What is declared for linked data, as plain values; see :attr:`linked`.
    """

    area: str
    parts: Mapping[str, Dimensions]
    periods: Mapping[str, str]
    indicators: Mapping[str, IndicatorFacts]
    scheme: str
    publisher: str = ""
    email: str = ""
    licence: str = ""
    declared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def linked(self) -> Linked:
        """What is declared for linked data."""
        return Linked.model_validate(dict(self.declared))

    def to_json(self) -> str:
        """Return it as JSON, the same text for the same mapping."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def read_mapping(text: str) -> OfficialMapping:
    """Return the mapping that ``to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    indicators = {name: IndicatorFacts(**facts) for name, facts in data.pop("indicators").items()}
    return OfficialMapping(**data, indicators=indicators)

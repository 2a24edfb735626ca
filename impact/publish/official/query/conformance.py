"""Every parameter of SDMX REST 2.2 and 1.5, and whether this service answers it: what queries are held against.

The service reads this table, the reference page is written from it (``docs/_build.py``), and a test asks a running
service for every line. The parameters are those of https://github.com/sdmx-twg/sdmx-rest, tags v2.2.2 and v1.5.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from impact.publish.official.query.filters import is_filter
from impact.publish.official.query.parameters import shown
from impact.publish.official.query.refusal import bad, not_answered
from impact.publish.official.query.resources import Api, Resource
from impact.publish.official.query.resources_v1 import RESOURCES_V1
from impact.publish.official.query.resources_v2 import RESOURCES_V2

RESOURCES = (*RESOURCES_V2, *RESOURCES_V1)
"""All of both editions."""
_BY_NAME = {(of.api, of.name): of for of in RESOURCES}


def resource(api: Api, name: str) -> Resource | None:
    """Return what an edition of the interface has under a name."""
    return _BY_NAME.get((api, name))


def check_parameters(of: Resource, parameters: Mapping[str, str]) -> None:
    """Refuse what the specification does not have, and what the service does not answer.

    Raises
    ------
    QueryError
        For the first parameter of the kind.
    """
    answered: dict[str, bool] = {}
    for one in of.parameters:
        if one.place == "query":
            answered[one.name] = answered.get(one.name, False) or one.answered
    for name in parameters:
        known = "c" if is_filter(name) else name
        if known not in answered:
            raise bad(f"{of.name} has no parameter '{shown(name)}'; it has {', '.join(answered) or 'none'}")
        if not answered[known]:
            raise not_answered(f"this service does not answer {known}")

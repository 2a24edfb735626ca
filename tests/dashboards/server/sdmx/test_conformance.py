"""The table of conformance is what the service does: every parameter is asked for, and answered or refused as it says."""

from __future__ import annotations

from typing import Any

import pytest
from impact_dashboards.server.app import create_app

from impact.publish.official.query.conformance import RESOURCES
from impact.publish.official.query.resources import Parameter, Resource
from impact.publish.official.query.resources_v1 import TYPES_V1
from impact.publish.official.query.resources_v2 import TYPES_V2
from tests.support.shipped import shipped_database

LINES = [(of, parameter) for of in RESOURCES for parameter in of.parameters]
SPECIFIED = {
    ("v2", "structure"): "artefactType agencyID resourceID version itemID detail references asOf",
    ("v2", "data"): "context agencyID resourceID version key c updatedAfter firstNObservations lastNObservations"
    " dimensionAtObservation attributes measures includeHistory offset limit sort asOf reportingYearStartDay",
    ("v2", "availability"): "context agencyID resourceID version key componentId c updatedAfter references mode"
    " reportingYearStartDay",
    ("v2", "schema"): "context agencyID resourceID version dimensionAtObservation deletion asOf",
    (
        "v2",
        "metadata",
    ): "artefactType agencyID resourceID version flowAgencyID flowID flowVersion providerRef providerID"
    " metadatasetID detail asOf",
    ("v2", "registration"): "registrationID providerAgencyID providerID context agencyID resourceID version"
    " updatedAfter updatedBefore",
    ("v1", "structure"): "agencyID resourceID version itemID detail references",
    ("v1", "data"): "flowRef key providerRef startPeriod endPeriod updatedAfter firstNObservations lastNObservations"
    " dimensionAtObservation detail includeHistory",
    ("v1", "availableconstraint"): "flowRef key providerRef componentId startPeriod endPeriod updatedAfter references"
    " mode",
    ("v1", "schema"): "context agencyID resourceID version dimensionAtObservation explicitMeasure",
    ("v1", "metadata"): "flowRef key providerRef startPeriod endPeriod updatedAfter firstNObservations"
    " lastNObservations dimensionAtObservation detail includeHistory",
}
"""The parameters of each resource in the specifications, v2.2.2 and v1.5.0 of sdmx-twg/sdmx-rest, headers left out."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(shipped_database(tmp_path_factory)).server.test_client()


def asked(app: Any, of: Resource, parameter: Parameter) -> Any:
    """Ask for a line of the table."""
    headers = {"Accept": parameter.accept} if parameter.accept else {}
    path = parameter.asked if parameter.place == "path" else of.example
    if parameter.place == "header":
        headers[parameter.name] = parameter.asked
    query = parameter.asked if parameter.place == "query" else ""
    return app.get(f"/sdmx/{of.api}/{path}", query_string=query, headers=headers)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_every_line_is_answered_as_it_says(app: Any, api: str) -> None:
    wrong = []
    for of, parameter in LINES:
        if of.api == api:
            answer = asked(app, of, parameter)
            if (answer.status_code == 501) is parameter.answered or answer.status_code not in (200, 404, 501):
                wrong.append((of.name, parameter.asked, answer.status_code, answer.text[:200]))
            if answer.status_code == 404:
                assert of.name in (*TYPES_V1, "structure"), (of.name, parameter.asked)
    assert wrong == []


def test_what_is_answered_is_not_empty(app: Any) -> None:
    """A parameter of data or availability whose example found nothing would tell nothing."""
    of_data = [line for line in LINES if line[0].name in ("data", "availability", "availableconstraint", "structure")]
    found = {(of.api, of.name, parameter.asked): asked(app, of, parameter).status_code for of, parameter in of_data}
    assert {key for key, status in found.items() if status not in (200, 501)} == set()


def test_all_parameters_of_the_specifications_are_there() -> None:
    listed = {
        (of.api, of.name): {parameter.name for parameter in of.parameters if parameter.place != "header"}
        for of in RESOURCES
    }
    for key, names in SPECIFIED.items():
        assert listed[key] == set(names.split()), key
    assert {name for api, name in listed if api == "v1"} == {
        *TYPES_V1,
        "data",
        "availableconstraint",
        "schema",
        "metadata",
    }
    assert {name for api, name in listed if api == "v2"} == {
        "structure",
        "data",
        "availability",
        "schema",
        "metadata",
        "registration",
    }


@pytest.mark.parametrize("kind", TYPES_V2)
def test_every_type_of_artefact_is_known(app: Any, kind: str) -> None:
    there = kind in ("dataflow", "datastructure", "codelist", "conceptscheme", "agencyscheme", "dataconstraint")
    assert app.get(f"/sdmx/v2/structure/{kind}").status_code == (200 if there else 404)

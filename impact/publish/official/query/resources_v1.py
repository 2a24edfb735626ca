"""What SDMX REST 1.5 has, for SDMX 2.1."""

from __future__ import annotations

from impact.publish.official.query.resources import ARRANGED, CSV, HEADERS, ML, Parameter, Resource, no, paths, values

TYPES_V1 = (
    "datastructure", "metadatastructure", "categoryscheme", "conceptscheme", "codelist", "hierarchicalcodelist",
    "organisationscheme", "agencyscheme", "dataproviderscheme", "dataconsumerscheme", "organisationunitscheme",
    "dataflow", "metadataflow", "reportingtaxonomy", "provisionagreement", "structureset", "process",
    "categorisation", "contentconstraint", "actualconstraint", "allowedconstraint", "attachmentconstraint",
    "transformationscheme", "rulesetscheme", "userdefinedoperatorscheme", "customtypescheme",
    "namepersonalisationscheme", "vtlmappingscheme", "structure",
)  # fmt: skip
"""The types of structural metadata."""
_STRUCTURE_V1 = (
    *paths(
        True,
        agencyID="dataflow/WECARE",
        resourceID="dataflow/all/DF_WECARE+DF_NSW",
        version="dataflow/WECARE/DF_WECARE/latest",
        itemID="codelist/WECARE/CL_FREQ/latest/A+M",
    ),
    *values("detail", ("full", "allstubs", "allcompletestubs", "referencepartial")),
    *(
        Parameter("detail", "query", f"references=children&detail={value}", False, "a message is stubs or is none")
        for value in ("referencestubs", "referencecompletestubs")
    ),
    *values("references", ("none", "parents", "parentsandsiblings", "children", "descendants", "all", "codelist")),
    *HEADERS,
)
STRUCTURES_V1 = tuple(
    Resource(
        "v1",
        name,
        f"{name}/{{agencyID}}/{{resourceID}}/{{version}}/{{itemID}}",
        f"{name}/all/all/latest",
        _STRUCTURE_V1,
    )
    for name in TYPES_V1
)
_PERIODS = (*values("startPeriod", ("2020",)), *values("endPeriod", ("2021-S2",)))
DATA_V1 = Resource(
    "v1",
    "data",
    "data/{flowRef}/{key}/{providerRef}",
    "data/WECARE,DF_WECARE,1.0.0",
    (
        *paths(
            True,
            flowRef="data/DF_WECARE",
            key="data/DF_WECARE/M..who5+loneliness.....",
            providerRef="data/DF_WECARE/all/all",
        ),
        Parameter("providerRef", "path", "data/DF_WECARE/all/ISTAT", False, "data are not told apart by provider"),
        *_PERIODS,
        *no("updatedAfter"),
        *values("firstNObservations", ("1",)),
        *values("lastNObservations", ("1",)),
        *values("dimensionAtObservation", ("TIME_PERIOD",)),
        *values("dimensionAtObservation", ("AllDimensions",), note="a table in any case", accept=CSV),
        *values("dimensionAtObservation", ("AllDimensions",), False, ARRANGED, ML),
        *values("detail", ("full", "dataonly")),
        *values("detail", ("serieskeysonly", "nodata"), False),
        *values("includeHistory", ("false",)),
        *values("includeHistory", ("true",), False),
        *HEADERS,
    ),
)
AVAILABILITY_V1 = Resource(
    "v1",
    "availableconstraint",
    "availableconstraint/{flowRef}/{key}/{providerRef}/{componentId}",
    "availableconstraint/WECARE,DF_WECARE,1.0.0",
    (
        *paths(
            True,
            flowRef="availableconstraint/DF_WECARE",
            key="availableconstraint/DF_WECARE/M..who5.....",
            providerRef="availableconstraint/DF_WECARE/all/all",
            componentId="availableconstraint/DF_WECARE/all/all/INDICATOR",
        ),
        Parameter(
            "providerRef",
            "path",
            "availableconstraint/DF_WECARE/all/ISTAT",
            False,
            "data are not told apart by provider",
        ),
        *_PERIODS,
        *no("updatedAfter"),
        *values("references", ("none", "all", "codelist", "datastructure", "conceptscheme", "dataflow")),
        *values("references", ("dataproviderscheme",), note="there are none"),
        *values("mode", ("exact", "available")),
        *HEADERS,
    ),
)
_SCHEMA_V1, _METADATA_V1 = "schema/dataflow/WECARE/DF_WECARE/1.0.0", "metadata/DF_WECARE/all/all"
_OTHERS = (
    Resource(
        "v1",
        "schema",
        "schema/{context}/{agencyID}/{resourceID}/{version}",
        _SCHEMA_V1,
        (
            Parameter("context", "path", _SCHEMA_V1, True, "as structures, not as XML or JSON Schema"),
            *paths(True, agencyID=_SCHEMA_V1, resourceID=_SCHEMA_V1, version="schema/dataflow/WECARE/DF_WECARE"),
            *paths(True, context="schema/datastructure/WECARE/DSD_WECARE/1.0.0"),
            *paths(False, context="schema/provisionagreement/WECARE/PA_WECARE/1.0.0"),
            *values("dimensionAtObservation", ("TIME_PERIOD",)),
            *values("explicitMeasure", ("false",)),
            *values("explicitMeasure", ("true",), False),
            *HEADERS,
        ),
    ),
    Resource(
        "v1",
        "metadata",
        "metadata/{flowRef}/{key}/{providerRef}",
        _METADATA_V1,
        (
            *paths(False, flowRef="metadata/DF_WECARE", key="metadata/DF_WECARE/all", providerRef=_METADATA_V1),
            *no("startPeriod", "endPeriod", "updatedAfter", "firstNObservations", "lastNObservations"),
            *no("dimensionAtObservation", "detail", "includeHistory"),
        ),
    ),
)
RESOURCES_V1 = (*STRUCTURES_V1, DATA_V1, AVAILABILITY_V1, *_OTHERS)

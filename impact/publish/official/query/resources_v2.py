"""What SDMX REST 2.2 has, for SDMX 3.0."""

from __future__ import annotations

from impact.publish.official.query.resources import ARRANGED, CSV, HEADERS, ML, Parameter, Resource, no, paths, values

_FLOW, _V2_FLOW = "WECARE/DF_WECARE", "dataflow/WECARE/DF_WECARE/1.0.0"
TYPES_V2 = (
    "datastructure", "metadatastructure", "categoryscheme", "conceptscheme", "codelist", "hierarchy",
    "hierarchyassociation", "valuelist", "agencyscheme", "dataproviderscheme", "metadataproviderscheme",
    "dataconsumerscheme", "organisationunitscheme", "dataflow", "metadataflow", "reportingtaxonomy",
    "provisionagreement", "metadataprovisionagreement", "structuremap", "representationmap", "conceptschememap",
    "categoryschememap", "organisationschememap", "reportingtaxonomymap", "process", "categorisation",
    "dataconstraint", "metadataconstraint", "transformationscheme", "rulesetscheme", "userdefinedoperatorscheme",
    "customtypescheme", "namepersonalisationscheme", "vtlmappingscheme",
)  # fmt: skip
"""The types of structural metadata."""

STRUCTURE_V2 = Resource(
    "v2",
    "structure",
    "structure/{artefactType}/{agencyID}/{resourceID}/{version}/{itemID}",
    f"structure/{_V2_FLOW}",
    (
        *paths(
            True,
            artefactType="structure/datastructure",
            agencyID="structure/dataflow/WECARE",
            resourceID="structure/dataflow/*/DF_WECARE,DF_NSW",
            version="structure/dataflow/WECARE/DF_WECARE/1+.0.0",
            itemID="structure/codelist/WECARE/CL_FREQ/~/A,M",
        ),
        *values("detail", ("full", "allstubs", "allcompletestubs", "referencepartial", "raw")),
        *(
            Parameter("detail", "query", f"references=children&detail={value}", False, "a message is stubs or is none")
            for value in ("referencestubs", "referencecompletestubs")
        ),
        *values("references", ("none", "parents", "parentsandsiblings", "ancestors", "children", "descendants", "all")),
        *values("references", ("codelist,conceptscheme",)),
        *no("asOf"),
        *HEADERS,
    ),
)
DATA_V2 = Resource(
    "v2",
    "data",
    "data/{context}/{agencyID}/{resourceID}/{version}/{key}",
    f"data/{_V2_FLOW}",
    (
        *paths(True, context=f"data/*/{_FLOW}", agencyID=f"data/dataflow/{_FLOW}", resourceID=f"data/dataflow/{_FLOW}"),
        *paths(False, context="data/datastructure/WECARE/DSD_WECARE"),
        *paths(False, context="data/provisionagreement/WECARE/PA_WECARE"),
        Parameter("resourceID", "path", "data/dataflow/*/*", False, "an answer holds one data flow: name it"),
        *paths(True, version=f"data/dataflow/{_FLOW}/~", key=f"data/{_V2_FLOW}/M.*.who5,M.*.loneliness"),
        Parameter(
            "c",
            "query",
            "c[TIME_PERIOD]=ge:2020+le:2021&c[OBS_STATUS]=ne:O",
            True,
            "the operators eq ne lt le gt ge co nc sw ew",
        ),
        *no("updatedAfter"),
        *values("firstNObservations", ("1",)),
        *values("lastNObservations", ("1",)),
        *values("dimensionAtObservation", ("TIME_PERIOD",)),
        *values("dimensionAtObservation", ("AllDimensions", "INDICATOR"), note="a table in any case", accept=CSV),
        *values("dimensionAtObservation", ("AllDimensions", "INDICATOR"), False, ARRANGED, ML),
        *values("attributes", ("dsd", "msd", "dataset", "series", "obs", "all", "none", "OBS_STATUS,CONF_STATUS")),
        *values("measures", ("all", "none", "OBS_VALUE")),
        *values("includeHistory", ("false",)),
        *values("includeHistory", ("true",), False),
        *values("offset", ("1",)),
        *values("limit", ("1",)),
        *values("sort", ("TIME_PERIOD:desc+INDICATOR", "*", "series_key:desc"), accept=CSV),
        *values("sort", ("TIME_PERIOD:desc",), False, ARRANGED, ML),
        *no("asOf", "reportingYearStartDay"),
        *HEADERS,
    ),
)
AVAILABILITY_V2 = Resource(
    "v2",
    "availability",
    "availability/{context}/{agencyID}/{resourceID}/{version}/{key}/{componentId}",
    f"availability/{_V2_FLOW}",
    (
        *paths(
            True,
            context=f"availability/dataflow/{_FLOW}",
            agencyID=f"availability/dataflow/{_FLOW}",
            resourceID=f"availability/dataflow/{_FLOW}",
            version=f"availability/dataflow/{_FLOW}/+",
            key=f"availability/{_V2_FLOW}/M.*.who5",
            componentId=f"availability/{_V2_FLOW}/*/INDICATOR",
        ),
        *paths(False, context="availability/datastructure/WECARE/DSD_WECARE"),
        Parameter("c", "query", "c[INDICATOR]=who5", True),
        *no("updatedAfter"),
        *values("references", ("none", "all", "codelist", "datastructure,conceptscheme", "dataflow")),
        *values("references", ("valuelist", "dataproviderscheme"), note="there are none"),
        *values("mode", ("exact", "available")),
        *no("reportingYearStartDay"),
        *HEADERS,
    ),
)
_SCHEMA_V2 = "schema/dataflow/WECARE/DF_WECARE/1.0.0"
_OTHERS = (
    Resource(
        "v2",
        "schema",
        "schema/{context}/{agencyID}/{resourceID}/{version}",
        _SCHEMA_V2,
        (
            Parameter("context", "path", _SCHEMA_V2, True, "as structures, not as XML or JSON Schema"),
            *paths(True, agencyID=_SCHEMA_V2, resourceID=_SCHEMA_V2, version="schema/dataflow/WECARE/DF_WECARE"),
            *paths(True, context="schema/datastructure/WECARE/DSD_WECARE/1.0.0"),
            *paths(False, context="schema/provisionagreement/WECARE/PA_WECARE/1.0.0"),
            *values("dimensionAtObservation", ("TIME_PERIOD",)),
            *values("deletion", ("false",)),
            *values("deletion", ("true",), False),
            *no("asOf"),
            *HEADERS,
        ),
    ),
    Resource(
        "v2",
        "metadata",
        "metadata/structure/…, metadata/metadataflow/…, metadata/metadataset/…",
        "metadata/structure/dataflow/WECARE/DF_WECARE",
        (
            *paths(
                False,
                artefactType="metadata/structure/dataflow",
                agencyID="metadata/structure/dataflow/WECARE",
                resourceID="metadata/structure/dataflow/WECARE/DF_WECARE",
                version="metadata/structure/dataflow/WECARE/DF_WECARE/1.0.0",
                flowAgencyID="metadata/metadataflow/WECARE",
                flowID="metadata/metadataflow/WECARE/MDF",
                flowVersion="metadata/metadataflow/WECARE/MDF/1.0.0",
                providerRef="metadata/metadataflow/WECARE/MDF/1.0.0/P",
                providerID="metadata/metadataset/P",
                metadatasetID="metadata/metadataset/P/MDS",
            ),
            *no("detail", "asOf"),
        ),
    ),
    Resource(
        "v2",
        "registration",
        "registration/id/…, registration/provider/…, registration/{context}/…",
        "registration/provider/WECARE/P",
        (
            *paths(
                False,
                registrationID="registration/id/1",
                providerAgencyID="registration/provider/WECARE",
                providerID="registration/provider/WECARE/P",
                context="registration/dataflow",
                agencyID="registration/dataflow/WECARE",
                resourceID="registration/dataflow/WECARE/DF_WECARE",
                version="registration/dataflow/WECARE/DF_WECARE/1.0.0",
            ),
            *no("updatedAfter", "updatedBefore"),
        ),
    ),
)
RESOURCES_V2 = (STRUCTURE_V2, DATA_V2, AVAILABILITY_V2, *_OTHERS)

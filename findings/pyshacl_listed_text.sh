#!/usr/bin/env bash
# pyshacl: a text of a JSON-LD file is not in the list of texts of a shape that holds it, letter by letter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pyshacl==0.40.1' 'rdflib==7.6.0'
venv/bin/python - <<'PY'
import json
import warnings
from importlib.metadata import version

import pyshacl
import rdflib

warnings.simplefilter("ignore")
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <https://example.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
e:Shape a sh:NodeShape ; sh:targetClass e:Report ; sh:property [ sh:path e:impact ; %s ] .
"""
report = {"@id": "https://example.org/r", "@type": "https://example.org/Report"}
written = {
    "plain": {"@value": "positive"},
    "xsd:string": {"@value": "positive", "@type": "http://www.w3.org/2001/XMLSchema#string"},
}


def conforms(rule, text):
    """Tell whether a report with a text conforms to a rule."""
    document = json.dumps(report | {"https://example.org/impact": text})
    data = rdflib.Graph().parse(data=document, format="json-ld")
    shapes = rdflib.Graph().parse(data=SHAPES % rule, format="turtle")
    return pyshacl.validate(data, shacl_graph=shapes, inference="none")[0]


listed = {name: conforms('sh:in ( "positive" "neutral" )', text) for name, text in written.items()}
typed = {name: conforms("sh:datatype xsd:string", text) for name, text in written.items()}
print(f"package : pyshacl {version('pyshacl')}, rdflib {version('rdflib')}")
print("expected: in RDF 1.1 a plain text is of type xsd:string, so both ways of writing positive conform to both rules")
print(f"seen    : sh:in {listed}, sh:datatype {typed}")
print("so      : a file whose context types its texts, as that of the Common Impact Data Standard does, fails every list")
print("          of allowed texts, though the text stands in the list; type the texts of the list as well.")
assert listed == {"plain": True, "xsd:string": False}, listed
assert typed == {"plain": True, "xsd:string": True}, typed
PY

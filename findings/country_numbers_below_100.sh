#!/usr/bin/env bash
# country_converter and pycountry: the same ISO number of a country, with or without its zero, is known to one of them only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'country_converter==1.3.2' 'pycountry==26.2.16' 'pandas==2.3.3' 'numpy==2.3.5'
venv/bin/python - <<'PY'
import logging
from importlib.metadata import version

import country_converter
import pycountry

logging.disable(logging.WARNING)
seen = {
    code: (
        country_converter.convert(code, src="ISOnumeric", to="ISO3"),
        getattr(pycountry.countries.get(numeric=code), "alpha_3", None),
    )
    for code in ("040", "40", "008", "8", "380")
}
print(f"package : country_converter {version('country_converter')} and pycountry {version('pycountry')}")
print("expected: 040 (Austria, as ISO 3166 and UN files write it) is found by both; 40 by both or by neither")
print(f"seen    : (country_converter, pycountry) {seen}")
print("so      : each knows the form the other refuses, so a pipeline with both loses the countries below 100 (Austria, Belgium,")
print("          Albania) and no others: a loss that looks like the data. Pad to three digits, then join on one table.")
assert seen == {
    "040": ("not found", "AUT"),
    "40": ("AUT", None),
    "008": ("not found", "ALB"),
    "8": ("ALB", None),
    "380": ("ITA", "ITA"),
}, seen
PY

#!/usr/bin/env bash
# sdmx1: an observation without a value is written with the value None, in letters, and cannot be read back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'sdmx1==2.28.0' 'pandas==2.3.3' 'numpy==2.3.5'
venv/bin/python - <<'PY'
import io
import logging
import re
import warnings
from importlib.metadata import version

import sdmx

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
# SDMX-ML 2.1 as an office sends it: the figure of 2021 is missing (status M), so the observation has no ObsValue.
message = """<?xml version="1.0" encoding="UTF-8"?>
<mes:GenericData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
 xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
 xmlns:gen="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic">
<mes:Header><mes:ID>demo</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2020-01-01T00:00:00</mes:Prepared>
<mes:Sender id="DEMO"/><mes:Structure structureID="S" dimensionAtObservation="TIME_PERIOD">
<com:Structure><Ref agencyID="DEMO" id="JOBS" version="1.0"/></com:Structure></mes:Structure></mes:Header>
<mes:DataSet structureRef="S" action="Replace"><gen:Series>
<gen:SeriesKey><gen:Value id="REF_AREA" value="IT"/></gen:SeriesKey>
<gen:Obs><gen:ObsDimension value="2020"/><gen:ObsValue value="1.5"/></gen:Obs>
<gen:Obs><gen:ObsDimension value="2021"/>
<gen:Attributes><gen:Value id="OBS_STATUS" value="M"/></gen:Attributes></gen:Obs>
</gen:Series></mes:DataSet></mes:GenericData>"""
first = sdmx.read_sdmx(io.BytesIO(message.encode()))
values = [observation.value for observation in first.data[0].obs]
written = re.findall(r'ObsValue value="([^"]*)"', sdmx.to_xml(first).decode())
try:
    sdmx.to_pandas(sdmx.read_sdmx(io.BytesIO(sdmx.to_xml(first))))
    again = "read"
except ValueError as error:
    again = str(error).splitlines()[0]

print(f"package : sdmx1 {version('sdmx1')}")
print("expected: the observation is written as it came, without ObsValue (or with NaN), and reads back as missing")
print(f"seen    : values {values}; written ObsValue: {written}; reading it back: {again}")
print("so      : passing a file of official statistics through sdmx1 turns gaps into a word no number can be: the receiver fails")
print("          or takes it for text. Write the missing observations yourself, and read what was written before sending it.")
assert values == ["1.5", None] and written == ["1.5", "None"] and "None" in again, (values, written, again)
PY

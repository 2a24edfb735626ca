#!/usr/bin/env bash
# sdmx1: after a data file of SDMX-ML 2.1 was read, no file of SDMX-ML 3.0 can be read any more in the same process.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'sdmx1==2.28.0' 'pandas==2.3.3' 'numpy==2.3.5'
cat > read.py <<'PY'
import io
import logging
import sys
import warnings

import sdmx

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
ROOT = "http://www.sdmx.org/resources/sdmxml/schemas"
HEAD = "<mes:Header><mes:ID>demo</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2020-01-01T00:00:00</mes:Prepared>"
# Structure-specific data of 2.1: the namespace of its own structure is declared, as the standard asks.
early = f"""<mes:StructureSpecificData xmlns:mes="{ROOT}/v2_1/message" xmlns:com="{ROOT}/v2_1/common"
 xmlns:ss="{ROOT}/v2_1/data/structurespecific" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:own="urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=DEMO:JOBS(1.0)">
{HEAD}<mes:Sender id="DEMO"/><mes:Structure structureID="JOBS"
 namespace="urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=DEMO:JOBS(1.0)" dimensionAtObservation="TIME_PERIOD">
<com:Structure><Ref agencyID="DEMO" id="JOBS" version="1.0"/></com:Structure></mes:Structure></mes:Header>
<mes:DataSet ss:structureRef="JOBS" xsi:type="own:DataSetType"><Series REF_AREA="IT">
<Obs TIME_PERIOD="2020" OBS_VALUE="1.5"/></Series></mes:DataSet></mes:StructureSpecificData>"""
# A structure message of 3.0 with a list of one code.
late = f"""<mes:Structure xmlns:mes="{ROOT}/v3_0/message" xmlns:com="{ROOT}/v3_0/common" xmlns:str="{ROOT}/v3_0/structure">
{HEAD}<mes:Sender id="DEMO"/></mes:Header><mes:Structures><str:Codelists>
<str:Codelist id="CL_AREA" agencyID="DEMO" version="1.0.0"><com:Name xml:lang="en">Areas</com:Name>
<str:Code id="IT"><com:Name xml:lang="en">Italy</com:Name></str:Code></str:Codelist>
</str:Codelists></mes:Structures></mes:Structure>"""
for name in sys.argv[1:]:
    text = {"early": early, "late": late}[name]
    try:
        message = sdmx.read_sdmx(io.BytesIO(text.encode()))
        print(name, "read:", len(message.data[0]) if name == "early" else list(message.codelist["CL_AREA"].items))
    except ValueError as error:
        print(name, "refused:", type(error).__name__, error)
PY
alone=$(venv/bin/python read.py late)
both=$(venv/bin/python read.py early late)
echo "expected: each file is read, in any order"
echo "3.0 alone:     $alone"
echo "2.1, then 3.0: $(echo "$both" | tail -1)"
[[ $alone == "late read: ['IT']" && $both == *"late refused: ValueError urn:sdmx:"* ]] || { echo "the behaviour has changed"; exit 1; }
echo "so: import sdmx.reader.xml.v30 before the first file is read, or read the two editions in processes of their own"

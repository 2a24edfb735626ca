#!/usr/bin/env bash
# sdmx1: whoever has read structure-specific data of SDMX 2.1 cannot read SDMX 3.0 any more, unless it was read before.
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
OWN = "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=DEMO:JOBS(1.0.0):ObsLevelDim:TIME_PERIOD"
HEAD = """<mes:Header><mes:ID>demo</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2020-01-01T00:00:00</mes:Prepared>
<mes:Sender id="DEMO"/>{}</mes:Header>"""
V = "http://www.sdmx.org/resources/sdmxml/schemas/v{}"
# Data of 2.1, whose namespace is the one that the standard prescribes for a data structure.
early = f"""<?xml version="1.0" encoding="UTF-8"?>
<mes:StructureSpecificData xmlns:mes="{V.format('2_1')}/message" xmlns:com="{V.format('2_1')}/common"
 xmlns:ss="{V.format('2_1')}/data/structurespecific" xmlns:own="{OWN}"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{HEAD.format(
    f'<mes:Structure structureID="S" namespace="{OWN}" dimensionAtObservation="TIME_PERIOD"><com:Structure>'
    '<Ref agencyID="DEMO" id="JOBS" version="1.0.0"/></com:Structure></mes:Structure>')}
<mes:DataSet ss:structureRef="S" xsi:type="own:DataSetType" ss:dataScope="DataStructure" ss:action="Information">
<Series REF_AREA="IT"><Obs TIME_PERIOD="2020" OBS_VALUE="1.5"/></Series></mes:DataSet></mes:StructureSpecificData>"""
# A code list of 3.0.
late = f"""<?xml version="1.0" encoding="UTF-8"?>
<mes:Structure xmlns:mes="{V.format('3_0')}/message" xmlns:str="{V.format('3_0')}/structure"
 xmlns:com="{V.format('3_0')}/common">{HEAD.format("")}
<mes:Structures><str:Codelists><str:Codelist id="CL_AREA" agencyID="DEMO" version="1.0.0"
 urn="urn:sdmx:org.sdmx.infomodel.codelist.Codelist=DEMO:CL_AREA(1.0.0)"><com:Name xml:lang="en">Areas</com:Name>
<str:Code id="IT"><com:Name xml:lang="en">Italy</com:Name></str:Code></str:Codelist></str:Codelists></mes:Structures>
</mes:Structure>"""
said = []
for name in sys.argv[1:]:
    try:
        sdmx.read_sdmx(io.BytesIO({"2.1": early, "3.0": late}[name].encode()))
        said.append("read")
    except ValueError:
        said.append("ValueError")
print(" ".join(said))
PY
late_first=$(venv/bin/python read.py 3.0 2.1 3.0)
early_first=$(venv/bin/python read.py 2.1 3.0)
echo "package : sdmx1 2.28.0"
echo "expected: a code list of 3.0 is read, whatever was read before it"
echo "seen    : 3.0, 2.1, 3.0 -> $late_first; 2.1, 3.0 -> $early_first"
echo "so      : a script that compares an office's old service with its new one fails by the order of its lines."
echo "          Read anything of 3.0 first, or each edition in a process of its own."
test "$late_first" = "read read read"
test "$early_first" = "read ValueError"

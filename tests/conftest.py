"""Two test workers on two cores: linear algebra keeps to one thread each, or small matrices wait for one another."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

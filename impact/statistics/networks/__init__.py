"""Networks of bodies: their measures, how sure these are, and what changed between two waves."""

from impact.statistics.networks.inference import (
    MixingTest,
    NetworkEstimate,
    QapTest,
    change_bootstrap,
    mixing_test,
    qap_correlation,
    swap_test,
    vertex_bootstrap,
)
from impact.statistics.networks.network import Network, TieChange, network_measure, tie_change

__all__ = [
    "MixingTest",
    "Network",
    "NetworkEstimate",
    "QapTest",
    "TieChange",
    "change_bootstrap",
    "mixing_test",
    "network_measure",
    "qap_correlation",
    "swap_test",
    "tie_change",
    "vertex_bootstrap",
]

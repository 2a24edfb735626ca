"""Value: findings become what a decision needs, by the rules of ``value.yaml``; between ``judge`` and ``publish``.

:mod:`impact.value.make` runs the sections, each a module that reads findings and declarations and yields lines. The
numbers are made in :mod:`impact.statistics`; no line changes a finding.
"""

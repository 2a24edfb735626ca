"""Pure numbers: arrays in, small frozen results out. No declarations, no database, no files.

Everything the rooms above compute (survey estimation, power, designs, diagnostics) happens in functions of this room,
each checked against an outside authority. What every estimator returns stands in :mod:`impact.statistics.core`.
:mod:`impact.statistics.linear` stands above it, then the families of designs (``experiments``, ``observational``,
``panels``, ``synthetic``, ``discontinuity``, ``series``, ``networks``), ``surveys``, ``meta``, ``power`` and
``scoring``, and for monitoring ``control_charts`` and ``composite``. Each folder says in ``__all__`` what it offers.
"""

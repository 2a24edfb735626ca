"""The SDMX REST service: addresses below ``/sdmx/``, for programmes that read rather than persons.

``forms`` chooses the form of an answer, ``answers`` makes it of one reader's tables, ``refusals`` says what is wrong,
``routes`` speaks HTTP. What a query means stands in :mod:`impact.publish.official.query`.
"""

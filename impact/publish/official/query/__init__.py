"""Queries of the SDMX REST interface: text becomes a frozen query, a query what it selects of one reader's data set.

Pure: nothing of the web, nothing of a database file. ``parameters`` takes a query string apart, ``artefacts``,
``keys``, ``filters`` and ``periods`` read its parts, ``conditions`` makes SQL of them, ``data``, ``availability`` and
``structures`` answer. Whatever is refused is a :class:`impact.publish.official.query.refusal.QueryError`.
"""

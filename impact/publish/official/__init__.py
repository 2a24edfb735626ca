"""Results as official statistics have them: a data structure, its code lists, observations with their status.

Between the published tables and the formats of :mod:`impact.publish.export`: ``structure`` says what a data set is made
of, ``build`` makes the structure of a programme when a run publishes, ``observations`` its rows as a reader may see
them, ``check`` says whether both hold together.
"""

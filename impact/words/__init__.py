"""Words for readers, in Italian and English: labels, sentences, numbers, dates and what the engine said of results.

Catalogues stand beside this module: ``app*.yaml`` have a text per key and language, ``engine*.yaml`` the sentences that
the engine writes in English with their Italian. Figures, app and report take all their words from here.
"""

from impact.words.catalogue import Words, words_in
from impact.words.languages import LANGUAGES

__all__ = ["LANGUAGES", "Words", "words_in"]

"""What is said, and how it is written for readers: the lowest room, as every other may say something.

:mod:`~impact.words.said` holds a sentence as a code with typed values, :mod:`~impact.words.sentences` writes it in a
language from ``sentences/*.yaml``. :mod:`~impact.words.catalogue` has the words of app, report and figures
(``app/*.yaml``), :mod:`~impact.words.numbers` the numbers of both. A further language is one file; see
:mod:`~impact.words.read`.
"""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.words.catalogue import Words, words_in
    from impact.words.languages import LANGUAGES

__all__ = ["LANGUAGES", "Words", "words_in"]
__getattr__ = on_demand(__name__, __file__)

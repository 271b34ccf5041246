"""The few types of files that people tell apart when they look for one. Pure.

It goes by the ending of a name, which is a word that files are found by: no other index is needed for it.
"""

from collections.abc import Mapping
from enum import StrEnum

from files import content_types, kinds


class FileType(StrEnum):
    """What a file is to a person.

    There is none for all the others: nothing but a look at each file would find them.
    """

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    PDF = "pdf"
    DOCUMENT = "document"
    ARCHIVE = "archive"


_OF_FAMILIES = {
    "image": FileType.PICTURE,
    "video": FileType.VIDEO,
    "audio": FileType.AUDIO,
    "text": FileType.DOCUMENT,
}
_OF_CLASSES = {
    "type-pdf": FileType.PDF,
    "type-sheet": FileType.DOCUMENT,
    "type-document": FileType.DOCUMENT,
    "type-text": FileType.DOCUMENT,
    "type-archive": FileType.ARCHIVE,
}


def _endings() -> Mapping[FileType, list[str]]:
    """Sort every known ending under its type, as `kinds.of_file` would choose its icon."""
    by_ending = {
        ending: _OF_FAMILIES[family]
        for family in _OF_FAMILIES
        for ending in content_types.endings_of(family)
        if ending.isalnum()
    }
    by_ending |= {ending: _OF_CLASSES[look.css_class] for ending, look in kinds.BY_ENDING.items()}
    return {each: sorted(one for one, its in by_ending.items() if its == each) for each in FileType}


ENDINGS = _endings()
"""The endings of each type, small and without a dot."""

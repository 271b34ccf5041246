"""Which kind of file a person takes something for, and so its icon and colour. Pure."""

import mimetypes
from typing import NamedTuple

from django.utils.translation import gettext_lazy

from files import content_types


class Look(NamedTuple):
    """The name of an icon and the CSS class of its colour."""

    icon: str
    css_class: str


LONGEST_ENDING = 8  # what is longer is part of the name
FOLDER = Look("folder", "type-folder")
_OTHER = Look("file", "type-text")
_PDF, _SHEET = Look("file-text", "type-pdf"), Look("file-spreadsheet", "type-sheet")
_DOCUMENT, _ARCHIVE = Look("file-text", "type-document"), Look("file-archive", "type-archive")
_CODE = Look("file-code", "type-text")
BY_ENDING = {
    ending: look
    for look, endings in {
        _PDF: "pdf",
        _SHEET: "xls xlsx ods csv tsv numbers",
        _DOCUMENT: "doc docx odt rtf pages odp ppt pptx",
        _ARCHIVE: "zip gz tgz bz2 xz zst 7z rar tar iso",
        _CODE: "md py js ts css html json xml yaml yml toml sh c rs go",
    }.items()
    for ending in endings.split()
}
_BY_FAMILY = {
    "image": Look("image", "type-text"),
    "video": Look("file-play", "type-video"),
    "audio": Look("music", "type-video"),
    "text": Look("file-text", "type-text"),
}
_WORDS = {
    _PDF: "PDF",
    _SHEET: gettext_lazy("Table"),
    _DOCUMENT: gettext_lazy("Document"),
    _ARCHIVE: gettext_lazy("Archive"),
    _CODE: gettext_lazy("Text"),
    _BY_FAMILY["image"]: gettext_lazy("Picture"),
    _BY_FAMILY["video"]: gettext_lazy("Video"),
    _BY_FAMILY["audio"]: gettext_lazy("Sound"),
    _BY_FAMILY["text"]: gettext_lazy("Text"),
}
_OTHER_WORDS = gettext_lazy("File")
_PREVIEW_BY_ENDING = {
    ending: how
    for how, endings in {
        "csv": "csv tsv",
        "markdown": "md markdown",
        "code": "py js mjs ts tsx jsx css scss html htm json xml svg yaml yml toml ini sh bash c h cpp cs "
        "hpp rs go java kt php rb pl lua r sql swift diff patch dockerfile makefile",
    }.items()
    for ending in endings.split()
}


def preview_of(name: str, content_type: str) -> str:
    """Say how a browser can show a file without running anything of it; empty when it cannot.

    The answer is one of image, video, audio, pdf, csv, markdown, code, text.
    """
    ending = name.rpartition(".")[2].lower()
    essence = content_type.partition(";")[0].strip().lower()
    family = essence.partition("/")[0]
    if content_types.is_shown(essence):
        return "pdf" if essence == "application/pdf" else family
    return _PREVIEW_BY_ENDING.get(ending) or ("text" if family == "text" else "")


def of_file(name: str, content_type: str = "") -> Look:
    """Judge by the ending first: what a sender calls the type is often application/octet-stream."""
    _, dot, ending = name.rpartition(".")
    if dot and ending.lower() in BY_ENDING:
        return BY_ENDING[ending.lower()]
    guessed = content_type or mimetypes.guess_type(name)[0] or ""
    return _BY_FAMILY.get(guessed.partition("/")[0], _OTHER)


def words_of(name: str, content_type: str = "") -> str:
    """Say what kind of file it is, with its ending: "Archive (zip)"."""
    words = str(_WORDS.get(of_file(name, content_type), _OTHER_WORDS))
    _, dot, ending = name.rpartition(".")
    has_ending = dot and 0 < len(ending) <= LONGEST_ENDING and ending.isalnum() and ending.upper() != words
    return f"{words} ({ending.lower()})" if has_ending else words

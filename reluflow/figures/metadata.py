"""What a figure was made by, in the file itself: the command and the presets of its runs.

Written by ``files`` and ``animation``; read here without matplotlib, from the bytes.
"""

import json
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from reluflow.errors import ReluflowError

#: files of figures, by their ending
ENDINGS: Final = (".pdf", ".svg", ".png", ".gif", ".mp4")
#: what the texts are called in each kind of file: command, presets
NAMES: Final = {
    ".pdf": ("Subject", "Keywords"),
    ".svg": ("Description", "Source"),
    ".png": ("Description", "Preset"),
}
_LARGEST: Final = 1 << 30
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_DUBLIN_CORE: Final = "{http://purl.org/dc/elements/1.1/}"
_PDF_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class _NothingSaidError(Exception):
    """A file that does not say what it was made by."""


def as_comment(command: str, presets: str) -> str:
    """Both in one text, for files that have room for one."""
    return json.dumps({"command": command, "presets": presets})


def made_by(path: Path) -> Mapping[str, str]:
    """``command`` and ``presets`` (TOML, one after another) of a figure.

    Raises ReluflowError for a file that cannot be read or does not say.
    """
    ending = path.suffix.lower()
    try:
        if path.stat().st_size > _LARGEST:
            raise ReluflowError(f"{path}: found a file of more than {_LARGEST >> 20} MB; expected a figure")
        content = path.read_bytes()
    except OSError as error:
        raise ReluflowError(f"{path}: cannot be read ({error.strerror}); expected a figure") from None
    try:
        found = _READERS[ending](content)
        return {"command": str(found["command"]), "presets": str(found["presets"])}
    except (_NothingSaidError, KeyError, ValueError, TypeError, struct.error, zlib.error):
        raise ReluflowError(
            f"{path}: found nothing of what it was made by; expected a figure that reluflow plot wrote"
        ) from None


def _png(content: bytes) -> Mapping[str, str]:
    if not content.startswith(_PNG):
        raise _NothingSaidError
    texts, at = {}, len(_PNG)
    while at + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + size]
        if kind == b"tEXt":
            name, _, text = body.partition(b"\0")
            texts[name.decode("latin-1")] = text.decode("latin-1")
        elif kind == b"iTXt":
            name, _, rest = body.partition(b"\0")
            packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[2]
            texts[name.decode("latin-1")] = (zlib.decompress(text) if packed else text).decode("utf-8")
        at += size + 12
    command, presets = NAMES[".png"]
    return {"command": texts[command], "presets": texts[presets]}


def _pdf(content: bytes) -> Mapping[str, str]:
    return dict(
        zip(("command", "presets"), (_pdf_text(content, name) for name in NAMES[".pdf"]), strict=True)
    )


def _pdf_text(content: bytes, name: str) -> str:
    """The text in parentheses behind a name."""
    found = re.search(rb"/" + name.encode() + rb"\s+\(((?:\\.|[^\\)])*)\)", content, re.DOTALL)
    if found is None:
        raise _NothingSaidError
    plain = re.sub(
        rb"\\(.)", lambda escape: _PDF_ESCAPES.get(escape[1], escape[1]), found[1], flags=re.DOTALL
    )
    return plain.decode("utf-16") if plain.startswith(b"\xfe\xff") else plain.decode("latin-1")


def _svg(content: bytes) -> Mapping[str, str]:
    try:
        tree = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise _NothingSaidError from None
    texts = [tree.findtext(f".//{_DUBLIN_CORE}{name.lower()}") for name in NAMES[".svg"]]
    if None in texts:
        raise _NothingSaidError
    return dict(zip(("command", "presets"), map(str, texts), strict=True))


def _gif(content: bytes) -> Mapping[str, str]:
    """The comment, in blocks of at most 255 bytes behind their sizes."""
    at = content.find(b"\x21\xfe")
    if not content.startswith(b"GIF8") or at < 0:
        raise _NothingSaidError
    at, parts = at + 2, []
    while at < len(content) and (size := content[at]):
        parts.append(content[at + 1 : at + 1 + size])
        at += size + 1
    return _comment(b"".join(parts))


def _mp4(content: bytes) -> Mapping[str, str]:
    at = content.find(b'{"command": ')
    if at < 0:
        raise _NothingSaidError
    return _comment(content[at:])


def _comment(content: bytes) -> Mapping[str, str]:
    found, _ = json.JSONDecoder().raw_decode(content.decode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise _NothingSaidError
    return found


_READERS: Final = {".png": _png, ".pdf": _pdf, ".svg": _svg, ".gif": _gif, ".mp4": _mp4}

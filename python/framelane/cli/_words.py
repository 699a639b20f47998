"""Puts what the library says of its arguments into the words of the command line."""

from __future__ import annotations

import re

_ARGUMENT = re.compile(r"\b([a-z_]+)=('?)([\w./-]*)\2")
_OPTION = re.compile(r"\b[Tt]he option (\w+)\b")
_SUBJECT = re.compile(r"^(\w+)(?= (?:must|has|is) )")
_NAMES = (
    *("batch", "color", "deinterlace", "device", "fallback", "input", "layout", "mean", "multiple_of", "output"),
    *("pixel_format", "rate", "resize", "scale", "size", "std", "streams"),
)
_ALLOWED = re.compile(r"allow_cpu=\[([^]]*)\]")
_PHRASES = (
    (re.compile(r"Register the library: SessionOptions\(.*?\)"), "Its library is loaded with --operators LIBRARY"),
    (re.compile(r"feed the others by name"), "give the others values with --set NAME=VALUE"),
)


def spelled(text: str) -> str:
    """Spell ``multiple_of=16``, ``the option rate`` and ``rate must`` as ``--multiple-of 16``, ``--rate``, ..."""
    for phrase, words in _PHRASES:
        text = phrase.sub(words, text)
    text = _ALLOWED.sub(_allowed, text)
    return _SUBJECT.sub(_option, _OPTION.sub(_option, _ARGUMENT.sub(_argument, text)))


def _argument(match: re.Match[str]) -> str:
    name, _, value = match.groups()
    if name not in _NAMES:
        return match[0]
    return f"{_dashed(name)} {value}" if value else _dashed(name)


def _allowed(match: re.Match[str]) -> str:
    return " ".join(f"--allow-cpu {name}" for name in re.findall(r"'([^']*)'", match[1]))


def _option(match: re.Match[str]) -> str:
    return _dashed(match[1]) if match[1] in _NAMES else match[0]


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"

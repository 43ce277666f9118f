"""The text of JSON: its literals, where values end, and what is between them."""

import json
import re
from typing import Any

# A string, with the colon behind it where it is a key; or a bracket.
TOKEN = re.compile(r'(?P<literal>"[^"\\]*(?:\\.[^"\\]*)*")(?P<colon>\s*:)?|[{}\[\]]', re.DOTALL)
BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
LITERAL = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
SCALAR = re.compile(r"[^\s,\]}]+")
SPACE = re.compile(r"\s*")
DECODER = json.JSONDecoder(strict=False)


def decoded(token: str) -> str:
    """The text of a string literal; any other token as it is."""
    if not token.startswith('"'):
        return token
    if "\\" not in token:
        return token[1:-1]
    try:
        text: Any = DECODER.decode(token)
    except ValueError:
        return token[1:-1]
    return str(text)


def encoded(text: str) -> str:
    """The literal of a text; lone surrogates, which no file could hold, are escaped."""
    literal = json.dumps(text, ensure_ascii=False)
    try:
        literal.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return literal


def value_start(text: str, position: int) -> int:
    """Where the value that follows begins."""
    space = SPACE.match(text, position)
    return space.end() if space else position


def value_end(text: str, start: int) -> int:
    """Where the value that begins at a position ends; however deep it is nested."""
    first = text[start : start + 1]
    if first == '"':
        literal = LITERAL.match(text, start)
        return literal.end() if literal else len(text)
    if first not in ("{", "["):
        scalar = SCALAR.match(text, start)
        return scalar.end() if scalar else start
    depth = 0
    for bracket in BRACKETS.finditer(text, start):
        if bracket[0] in ("{", "["):
            depth += 1
        elif bracket[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return bracket.end()
    return len(text)


class Edits:
    """Changes of a JSON text, made from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, replacement: str) -> None:
        """Put another text in the place of a part."""
        if self._text[start:end] != replacement:
            self._spans.append((start, end, replacement))

    def remove_entry(self, key_start: int, end: int) -> None:
        """Remove an entry of an object, with the comma that parts it from the others."""
        after = value_start(self._text, end)
        if self._text[after : after + 1] == ",":
            self._spans.append((key_start, after + 1, ""))
            return
        start = key_start
        while True:
            while self._text[start - 1].isspace():
                start -= 1
            if self._spans and self._spans[-1][1:] == (start, ""):
                start = self._spans.pop()[0]
            else:
                break
        self._spans.append((start - 1 if self._text[start - 1] == "," else start, end, ""))

    def applied(self) -> str:
        """The changed text."""
        if not self._spans:
            return self._text
        parts: list[str] = []
        done = 0
        for start, end, replacement in self._spans:
            parts += (self._text[done:start], replacement)
            done = end
        return "".join([*parts, self._text[done:]])

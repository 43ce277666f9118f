"""Text of the outside world inside Markdown, as Dagster's pages render it (CommonMark and GFM).

Dagster's pages take the description of a check's evaluation for Markdown, and so its links, images
and HTML. What cannot make one of these is left as it is, so that ordinary sentences stay legible
where they are shown as plain text.
"""

import re

WORD_JOINER = "\u2060"
"""Takes no place and is no space: a web address with it is not one."""

# A backslash before one of these, or before what follows the text, would be an escape.
ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)")
# A bracket can only end a link, an image or a definition where one of these follows.
LINK = re.compile(r"\](?=[(\[:])")
TAG = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#?\w+;)")
# What is taken for an address without brackets.
ADDRESS = re.compile(r"(?i)(\b(?:https?|ftp):|\bwww)(?=[/.])|(?<=[\w.+-])@(?=[\w-])")
BRACKETS = str.maketrans("[]", "()")
# A text that begins like this is a heading, a list, a quote or a rule.
BLOCK = re.compile(r"^(?=[#>|=~+*-])")


def literal_markdown(text: str) -> str:
    """A text that Markdown shows as text: nothing in it becomes a link, an image, HTML or a block.

    Its line breaks become spaces.
    """
    line = " ".join(text.split())
    line = ESCAPED.sub(r"\\\\", line)
    line = LINK.sub(r"\\]", line)
    line = TAG.sub(r"\\\g<0>", line)
    line = ADDRESS.sub(lambda found: found.group() + WORD_JOINER, line)
    return BLOCK.sub(r"\\", line.replace("`", "\\`"))


def described_image(description: str, source: str) -> str:
    """An image in Markdown, and what it shows in words."""
    words = literal_markdown(description.translate(BRACKETS))
    return f"![{words}]({source})"

"""Text inside Markdown stays text: read back by a Markdown parser, it is what it was."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from analytics_pipeline.markdown_text import WORD_JOINER, described_image, literal_markdown

PARSER = MarkdownIt("commonmark", {"html": True})
EMPHASIS = {"em_open", "em_close", "strong_open", "strong_close"}
GFM_ADDRESS = re.compile(r"(?i)https?://|ftp://|www\.|[\w.+-]@[\w-]+\.\w")
ATTACKS = (
    "![pixel](https://evil.example/pixel.png)", "[click](javascript:alert(1))", "[a]: https://evil",
    "[a][b]\n\n[b]: https://evil.example", r"[a\](https://evil.example)", r"\\[a\\](b)",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<https://evil.example>",
    "<!-- comment -->", "<?php ?>", "<a@evil.example>", "https://evil.example", "www.evil.example",
    "a@evil.example", "# heading", "- list", "> quote", "```\ncode\n```", "`code`", "    code",
    "***", "===", "text\n===", "text\n---", "|a|b|\n|-|-|", "![a](<b> 'c')", "[![a](b)](c)",
    "\\", "\\[", "&#91;a&#93;(b)", "&lt;script&gt;", "![a][]", "[a]\n(b)", "~~~\ncode\n~~~",
    "\u202e[a](b)", "+ list", "1. list", "bold <b>text</b>",
)  # fmt: skip


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or []


def shown(text: str) -> str:
    """What a reader sees of a Markdown text; fails where there is anything but text."""
    seen = []
    for token in tokens(f"2026-11-10: {literal_markdown(text)}"):
        if token.type == "text":
            seen.append(token.content)
        else:
            allowed = {"paragraph_open", "inline", "paragraph_close", *EMPHASIS}
            assert token.type in allowed, (token.type, text)
    return "".join(seen).replace(WORD_JOINER, "").removeprefix("2026-11-10:").strip()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_nothing_but_text(attack: str) -> None:
    assert not GFM_ADDRESS.search(literal_markdown(attack))
    shown(attack)


@pytest.mark.parametrize("attack", ATTACKS)
def test_at_the_start_of_a_text_too(attack: str) -> None:
    kinds = {token.type for token in tokens(literal_markdown(attack))}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "heading_open",
                        "bullet_list_open", "fence", "code_block", "code_inline", "hr",
                        "blockquote_open"}  # fmt: skip


def test_the_attacks_are_some() -> None:
    kinds = {token.type for attack in ATTACKS for token in tokens(attack)}
    assert kinds >= {"link_open", "image", "html_inline", "html_block", "heading_open", "fence"}


@given(text=st.text() | st.text("[]()<>!\\`ab:/w.@# \n", max_size=16))
def test_no_text_is_more_than_text(text: str) -> None:
    shown(text)
    assert not GFM_ADDRESS.search(literal_markdown(text))


@given(text=st.text("abc []()<>!\\:/&#1;", max_size=16))
def test_readers_see_the_text_as_it_was(text: str) -> None:
    assert shown(text) == " ".join(text.split())


def test_an_ordinary_sentence_is_left_as_it_is() -> None:
    sentence = "The p95 of p95_response_time (0.61 s) is above [0.5, 0.6] by 2 %; 3 < 5 & a/b."
    assert literal_markdown(sentence) == sentence


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_description_of_an_image_stays_its_description(attack: str) -> None:
    kinds = [token.type for token in tokens(described_image(attack, "data:image/png;base64,AA=="))]
    assert kinds == ["paragraph_open", "inline", "image", "paragraph_close"]

"""Matchers, which choose incidents as in Alertmanager."""

from dataclasses import replace

import pytest

from analytics_pipeline.alerting.incidents.matching import (
    Matcher,
    MatcherError,
    all_match,
    matcher,
    properties_of,
)
from analytics_pipeline_tests.alerting.incidents.life import HIT_RATE, SMALL, Life, report


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("severity = ERROR", Matcher("severity", "=", "ERROR")),
        ('rule="hit_rate"', Matcher("rule", "=", "hit_rate")),
        ("team!='search'", Matcher("team", "!=", "search")),
        ('model =~ "small|large"', Matcher("model", "=~", "small|large")),
        ("labels.model !~ sm.*", Matcher("labels.model", "!~", "sm.*")),
        ('asset = ""', Matcher("asset", "=", "")),
        ("asset =", Matcher("asset", "=", "")),
        ('query = "a \\"b\\" = c"', Matcher("query", "=", 'a "b" = c')),
    ],
)
def test_a_matcher_is_read_and_written(written: str, read: Matcher) -> None:
    assert matcher(written) == read
    assert matcher(str(read)) == read


@pytest.mark.parametrize("written", ["", "severity", "= ERROR", "two words = 1", "a ~ b"])
def test_what_is_no_matcher_is_shown_with_how_one_is_written(written: str) -> None:
    with pytest.raises(MatcherError, match="is no matcher: write a name, one of = != =~ !~"):
        matcher(written)


def test_a_regular_expression_that_is_none_is_refused() -> None:
    with pytest.raises(MatcherError, match=r"'\(' is no regular expression: missing \)"):
        matcher("rule =~ (")


@pytest.mark.parametrize(
    ("written", "matches"),
    [
        ("rule = hit_rate", True),
        ("rule != hit_rate", False),
        ("rule =~ hit", False),
        ("rule =~ hit.*", True),
        ("rule !~ hit", True),
        ("model = small", True),
        ("labels.model = small", True),
        ("language = ''", True),
        ("language != de", True),
        ("language =~ .+", False),
        ("group = metrics", True),
        ("severity = WARN", True),
        ("owner = data@example.com", True),
        ("asset =~ daily_(cache|cost).*", True),
    ],
)
def test_what_an_incident_is_matched_by(written: str, matches: bool) -> None:
    life = Life()
    life.tell(report(19, SMALL))
    assert all_match([matcher(written)], life.only) is matches


def test_all_must_match() -> None:
    life = Life()
    life.tell(report(19, SMALL))
    assert all_match([], life.only)
    assert not all_match([matcher("model = small"), matcher("rule = cost")], life.only)


def test_a_slice_named_like_a_property_of_the_source() -> None:
    life = Life()
    life.tell(report(19, {"team": "ads"}, source=HIT_RATE))
    assert properties_of(life.only)["team"] == "search"
    assert properties_of(life.only)["labels.team"] == "ads"
    life = Life()
    life.tell(report(19, {"team": "ads"}, source=replace(HIT_RATE, team="")))
    assert properties_of(life.only)["team"] == "ads"

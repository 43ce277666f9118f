"""The examples of docs/alerts.md, as they stand there."""

import re

from analytics_pipeline.documentation.documents import DOCS

TEXT = (DOCS / "alerts.md").read_text(encoding="utf-8")
FIRST_ALERT, ADD_A_RULE, EACH_KIND, CHANGED_RULES, ROUTES = re.findall(
    r"^`alerts\.yml`:\n```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL
)
"""The files of alerts, in the order of the page."""


def section(title: str) -> str:
    """The text under a heading of the page."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]

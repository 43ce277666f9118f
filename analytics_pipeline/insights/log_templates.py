"""The templates of each day's log messages: what messages of one kind have in common."""

from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import InsightSettings

MASKS = (
    (r"""'[^']*'|"[^"]*"|“[^”]*”|`[^`]*`""", "<text>"),
    (r"[A-Za-z][A-Za-z0-9+.-]*://[^\s,;)\]}>]+", "<url>"),
    (r"[\w.+-]+@[\w-]+(\.[\w-]+)+", "<email>"),
    (r"\b[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b", "<id>"),
    (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?\b", "<time>"),
    (r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b", "<address>"),
    (r"([A-Za-z]:)?([\\/][\w.@%+~-]+){2,}[\\/]?", "<path>"),
    (r"\b0[xX][0-9A-Fa-f]+\b", "<hex>"),
    (r"\b\d{8,}\b", "<number>"),
    (r"\b[0-9A-Fa-f]{8,}\b", "<hex>"),
    (r"\b[A-Za-z]+[-_]?\d\w*([-_]\w*)*", "<id>"),
    (r"[+-]?\d+([.,]\d+)*", "<number>"),
)
"""What is masked, one after the other, as regular expressions (RE2), and by what."""

MOST_TEMPLATES = 1000
MOST_CHARACTERS = 500


def template_of(message: str) -> str:
    """SQL of the template of a message, an SQL expression."""
    masked = f"left(split_part({message}, chr(10), 1), {MOST_CHARACTERS})"
    for pattern, mask in MASKS:
        masked = f"regexp_replace({masked}, {literal(pattern)}, {literal(mask)}, 'g')"
    return f"trim(regexp_replace({masked}, '\\s+', ' ', 'g'))"


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table log_templates, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date. Of more than
    MOST_TEMPLATES of a level, the most frequent are kept: messages without a common form would
    make as many templates as there are messages.
    """
    return f"""
        WITH messages AS (
            SELECT event_date, level, component, message, count(*) AS entries,
                min(timestamp) AS first_at
            FROM {events}
            WHERE event_type = 'log_entry'
            GROUP BY ALL
        ),
        templates AS (
            SELECT
                event_date,
                level,
                component,
                {template_of("message")} AS template,
                sum(entries)::BIGINT AS entries,
                left(min(message), {MOST_CHARACTERS}) AS example,
                date_trunc('hour', min(first_at)) AS first_hour
            FROM messages
            GROUP BY ALL
        )
        SELECT *
        FROM templates
        QUALIFY row_number() OVER (
            PARTITION BY event_date, level ORDER BY entries DESC, component, template
        ) <= {MOST_TEMPLATES}
    """

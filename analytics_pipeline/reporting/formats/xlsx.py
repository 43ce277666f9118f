"""A report as an Excel workbook: real numbers, one sheet a list, and everything that explains them.

The first sheet has the status and the contents; "Definitions" and "Inputs" come last.
"""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from analytics_pipeline.lake.workbook import Sheet, Workbook, open_workbook
from analytics_pipeline.reporting.document import (
    Alerts,
    Cards,
    Chart,
    Figures,
    Paragraphs,
    Report,
    Rows,
    Section,
)
from analytics_pipeline.reporting.formats.json import content_hash, definition_id
from analytics_pipeline.reporting.formats.titles import (
    head_of_column,
    period_of,
    text_of_block,
    title_of_block,
    title_of_report,
    title_of_section,
    unit_in,
)
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, visible
from analytics_pipeline.rounding import SHARE

SECONDS = '[<1]0.000" s";[<60]0.00" s";#,##0" s"'
MONEY = '#,##0.00##" USD"'
DECIMAL = "[>=1000]#,##0;[>=1]0.00;General"
# What the page says of a list that stands beside its chart.
AS_FIGURES = " as figures"
WIDTHS = {"TIMESTAMP": 19, "DATE": 10, "VARCHAR": 28}

Contents = list[tuple[str, str, str]]
"""A sheet, its section, and what is on it."""


def as_xlsx(report: Report) -> bytes:
    """The report as a workbook; equal reports give equal bytes.

    Numbers are unrounded and shown by their unit: a share as a percentage, a duration in seconds,
    an amount of money with its currency. Text is never a formula or a link; marks that cannot be
    seen, or that turn the direction of the text, are shown.
    """
    target = BytesIO()
    with open_workbook(target, title=title_of_report(report)) as book:
        front = book.sheet("Report")
        contents: Contents = []
        repeated = _repeated_titles(report)
        for section in report.sections:
            _write_section(book, section, report, repeated, contents)
        _write_definitions(book, report, contents)
        _write_inputs(book, report, contents)
        _write_front(front, report, contents)
    return target.getvalue()


def _write_front(sheet: Sheet, report: Report, contents: Contents) -> None:
    sheet.columns([28, 28, 60])
    sheet.row([title_of_report(report)], style="title")
    sheet.row([period_of(report)])
    sheet.row([])
    sheet.row(["Status", texts().levels[report.status.level]])
    sheet.row(["", visible(report.status.sentence)])
    for reason in report.status.reasons:
        sheet.row(["", visible(reason)])
    sheet.row([])
    sheet.row(["Content hash (SHA-256)", content_hash(report)])
    sheet.row([])
    sheet.row(["Sheet", "Section", "Contents"], style="head")
    for name, section, content in contents:
        sheet.row([name, section, content])


def _write_section(
    book: Workbook, section: Section, report: Report, repeated: set[str], contents: Contents
) -> None:
    title = title_of_section(section.id)
    figures = [block for block in section.blocks if isinstance(block, Figures)]
    texts = [block for block in section.blocks if isinstance(block, Paragraphs | Chart)]
    if figures:
        sheet = book.sheet(title)
        contents.append((sheet.name, title, "Figures"))
        _write_figures(sheet, title, figures)
        _write_texts(sheet, texts)
    for block in section.blocks:
        said = title_of_block(block) or title
        name = (f"{title} - {said}" if said in repeated else said).removesuffix(AS_FIGURES)
        match block:
            case Cards():
                _write_cards(book, name, title, block, contents)
            case Rows():
                sheet = book.sheet(name)
                contents.append((sheet.name, title, text_of_block(block).caption or said))
                _write_rows(sheet, block, report)
            case Alerts():
                _write_alerts(book, name, title, block, contents)
    if texts and not figures:
        sheet = book.sheet(f"{title} in words")
        contents.append((sheet.name, title, "Charts and findings in words"))
        sheet.columns([28, 60])
        _write_texts(sheet, texts)


def _repeated_titles(report: Report) -> set[str]:
    """The titles of several lists, which need that of their section as well."""
    titles = Counter(
        title_of_block(block)
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Rows)
    )
    return {title for title, times in titles.items() if times > 1}


FIGURE_HEAD = ["Group", "Figure", "Value", "Unit", "Why there is none", "Definition"]


def _write_figures(sheet: Sheet, section: str, blocks: Sequence[Figures]) -> None:
    sheet.columns([24, 30, 14, 14, 40, 40])
    sheet.head(FIGURE_HEAD)
    for block in blocks:
        for name, metric in block.metrics.items():
            values = [
                title_of_block(block) or section, label(name), metric.value, metric.unit,
                metric.reason, metric.id or metric.definition,
            ]  # fmt: skip
            sheet.row(_visible(values), _one_format(values, 2, metric.unit))
    sheet.row([])


def _write_texts(sheet: Sheet, blocks: Sequence[Paragraphs | Chart]) -> None:
    for block in blocks:
        sentences = block.sentences if isinstance(block, Paragraphs) else (block.description,)
        for number, sentence in enumerate(sentences):
            sheet.row(["" if number else title_of_block(block), visible(sentence)])


CARD_HEAD = [
    "Figure", "Value", "Unit", "Before", "Change", "Relative change", "Compared from",
    "Compared to", "Why there is none", "Definition",
]  # fmt: skip


def _write_cards(book: Workbook, name: str, title: str, block: Cards, contents: Contents) -> None:
    sheet = book.sheet(name)
    contents.append((sheet.name, title, "Headline figures with their change"))
    sheet.columns([26, 14, 12, 14, 14, 14, 13, 13, 50, 40])
    sheet.head(CARD_HEAD)
    for card in block.cards:
        metric, compared = card.metric, card.comparison
        form = number_format(metric.unit)
        values = [
            label(card.name), metric.value, metric.unit, compared.previous, compared.change,
            compared.relative_change, compared.first, compared.last,
            metric.reason or compared.reason, metric.id or metric.definition,
        ]  # fmt: skip
        formats = [None, form, None, form, form, number_format(SHARE), *[None] * 4]
        sheet.row(_visible(values), formats)
    days = sorted({day for card in block.cards for day in card.days})
    if not days:
        return
    by_day = book.sheet(f"{name} by day")
    contents.append((by_day.name, title, "Headline figures of each day"))
    by_day.columns([12, *[18] * len(block.cards)])
    by_day.head(["Date", *(label(card.name) for card in block.cards)])
    series = [dict(zip(card.days, card.values, strict=True)) for card in block.cards]
    formats = [None, *(number_format(card.metric.unit) for card in block.cards)]
    for day in days:
        by_day.row([day, *(values.get(day) for values in series)], formats)


def _write_rows(sheet: Sheet, block: Rows, report: Report) -> None:
    columns, text = block.listing.columns, text_of_block(block)
    heads = [head_of_column(column, text) for column in columns]
    types = [column.type for column in columns]
    widths = [WIDTHS.get(each, 10) for each in types]
    sheet.columns([max(*each) for each in zip(map(len, heads), widths, strict=True)])
    sheet.head(heads)
    for row in block.listing.rows:
        units = [unit_in(column, row, report) for column in columns]
        formats = [number_format(*each) for each in zip(units, types, strict=True)]
        sheet.row(_visible([row.get(column.name) for column in columns]), formats)
    if block.listing.rows:
        sheet.filtered(len(columns))
    if block.listing.reason:
        sheet.row([visible(block.listing.reason)])
    total, shown = block.listing.total, len(block.listing.rows)
    if total is not None and total > shown:
        sheet.row([f"The first {shown:,} of {total:,}."])
    definitions = [definition_id(block, column, report) for column in columns]
    if any(definitions):
        sheet.row([])
        for head, definition in zip(heads, definitions, strict=True):
            if definition:
                sheet.row([head, definition])


ALERT_HEAD = [
    "Date", "Rule", "Severity", "Passed", "Value", "Limit", "Unit", "Message", "Asset", "Definition"
]  # fmt: skip
FINDING_HEAD = ["Date", "Rule", "Slice", "Value", "Expected", "Lower", "Upper", "Unit", "Message"]


def _write_alerts(book: Workbook, name: str, title: str, block: Alerts, contents: Contents) -> None:
    sheet = book.sheet(name)
    contents.append((sheet.name, title, "Rules that were evaluated"))
    sheet.columns([12, 30, 10, 10, 14, 14, 12, 60, 26, 40])
    sheet.head(ALERT_HEAD)
    for day, rules in block.evaluations.items():
        for rule in rules:
            form = number_format(rule.unit)
            values = [
                day, label(rule.name), rule.severity, rule.passed, rule.value, rule.limit,
                rule.unit, rule.message, rule.asset, rule.metric,
            ]  # fmt: skip
            sheet.row(_visible(values), [*[None] * 4, form, form, *[None] * 4])
    if not any(rule.findings for rules in block.evaluations.values() for rule in rules):
        return
    violations = book.sheet(f"{name} - violations")
    contents.append((violations.name, title, "What violated the rules, the worst first"))
    violations.columns([12, 30, 30, 14, 14, 14, 14, 12, 60])
    violations.head(FINDING_HEAD)
    for day, rules in block.evaluations.items():
        for rule in rules:
            form = number_format(rule.unit)
            for finding in rule.findings:
                labels = ", ".join(f"{key}={text}" for key, text in finding.labels.items())
                values = [
                    day, label(rule.name), labels, finding.value, finding.expected,
                    finding.lower, finding.upper, rule.unit, finding.message,
                ]  # fmt: skip
                violations.row(_visible(values), [*[None] * 3, *[form] * 4, None, None])


def _write_definitions(book: Workbook, report: Report, contents: Contents) -> None:
    sheet = book.sheet("Definitions")
    contents.append((sheet.name, "", "What the numbers mean"))
    sheet.columns([44, 14, 60, 60])
    sheet.head(["Definition", "Unit", "Meaning", "Formula"])
    for each in report.definitions.values():
        sheet.row(_visible([each.id, each.unit, each.description, each.formula]), style="wrapped")


def _write_inputs(book: Workbook, report: Report, contents: Contents) -> None:
    sheet = book.sheet("Inputs")
    contents.append((sheet.name, "", "The versions of what the report was made from"))
    sheet.columns([12, 50, 13, 64])
    sheet.head(["Kind", "Name", "Event date", "SHA-256"])
    for version in report.inputs:
        sheet.row(_visible([version.kind, version.name, version.event_date, version.sha256]))


def number_format(unit: str | None, column_type: str = "DOUBLE") -> str | None:
    """Excel's format of a number in this unit; None for the program's own."""
    if unit == SHARE:
        return "0.0%"
    if unit in ("s", "seconds"):
        return SECONDS
    if unit and unit.startswith("USD"):
        return MONEY
    if column_type in ("BIGINT", "INTEGER"):
        return "#,##0"
    return DECIMAL if column_type == "DOUBLE" else None


def _one_format(values: Sequence[Any], position: int, unit: str | None) -> list[str | None]:
    kind = "BIGINT" if isinstance(values[position], int) else "DOUBLE"
    form = number_format(unit, kind)
    return [form if each == position else None for each in range(len(values))]


def _visible(values: Sequence[Any]) -> list[Any]:
    return [visible(value) if isinstance(value, str) else value for value in values]

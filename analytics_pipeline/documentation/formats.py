"""docs/formats.md: what can be read, how it is recognized, and which field goes where."""

from pathlib import Path

from analytics_pipeline.documentation.mapping_tables import mapping_tables
from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.ingestion.formats.catalog import FORMATS
from analytics_pipeline.ingestion.formats.compiling import groups_of, taken_over
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.formats.text_logs import (
    SINGLE_LINE,
    UTF8_MARK,
    recognized_text_format,
)
from analytics_pipeline.ingestion.tables import REASONS

INTRODUCTION = Path(__file__).with_name("formats_introduction.md")
SAMPLES = Path(__file__).parents[2] / "samples" / "formats"
MOST_PEOPLE_SHOWN = 12
FEFF = r"\x{FEFF}"


def formats_document() -> str:
    """The reference of source formats, in Markdown."""
    text = [each for each in FORMATS if each.pattern is not None]
    structured = [each for each in FORMATS if each.pattern is None]
    parts = [
        INTRODUCTION.read_text(encoding="utf-8"),
        "## Formats\n\n"
        + table(["format", "what it is"], ([_link(e), _first_sentence(e)] for e in FORMATS)),
        *map(_section, structured),
        *map(_section, text),
        "## Reasons of quarantine\n\n" + table(
            ["reason", "meaning"], ([code(name), words] for name, words in REASONS.items())
        ),
    ]  # fmt: skip
    return "\n".join(parts)


def _link(source: Format) -> str:
    return f"[{code(source.name)}](#{source.name})"


def _first_sentence(source: Format) -> str:
    return source.description.split(". ")[0].rstrip(".")


def _section(source: Format) -> str:
    parts = [f"## {source.name}\n\n{source.description}\n", _facts(source)]
    if source.mappings:
        parts.append(mapping_tables(source))
    return "\n".join(parts)


def _facts(source: Format) -> str:
    facts = []
    if source.pattern is not None:
        facts.append(f"Recognized by its pattern: {_as_code(source.pattern)}")
        joins = "one line" if source.name in SINGLE_LINE else "a line and those that continue it"
        facts.append(f"A record is {joins}.")
        if groups := _left_groups(source):
            facts.append(f"Kept in `extra`: {', '.join(map(code, groups))}.")
    elif source is NATIVE:
        facts.append(f"Recognized by {source.recognized_by}.")
        facts.append("Kept in `extra`: every member that [events.md](events.md) does not name.")
    else:
        facts.append(f"Recognized by {source.recognized_by}.")
        facts.append("Kept in `extra`: all of the record that no field below takes over whole.")
    if people := _people(source):
        facts.append(f"Treated like `user_id`: {people}.")
    if samples := _samples(source):
        links = (f"[{each.removeprefix('samples/formats/')}](../{each})" for each in samples)
        facts.append(f"Samples: {', '.join(links)}.")
    return "".join(f"- {fact}\n" for fact in facts)


def _as_code(pattern: str) -> str:
    """A pattern as code, between two backticks each, since it may have one."""
    return f"`` {pattern.removeprefix('(?s)^').replace(UTF8_MARK, FEFF)} ``"


def _left_groups(source: Format) -> list[str]:
    taken = {path for mapping in source.mappings for path in taken_over(mapping)}
    return [name for name in groups_of(source.pattern or "") if name not in taken]


def _people(source: Format) -> str:
    """The paths that name a person; where they are many, names with the places where they stand."""
    if len(source.personal) <= MOST_PEOPLE_SHOWN:
        return ", ".join(map(code, source.personal))
    places: dict[str, list[str]] = {}
    for path in source.personal:
        place, _, name = path.partition('."') if '"' in path else path.rpartition(".")
        places.setdefault(f'"{name}' if '"' in path else name, []).append(place)
    names: dict[tuple[str, ...], list[str]] = {}
    for name, its_places in places.items():
        names.setdefault(tuple(its_places), []).append(name)
    return "; ".join(
        ", ".join(map(code, of_places))
        + (f" of {', '.join(map(_place, its_places))}" if any(its_places) else "")
        for its_places, of_places in names.items()
    )


def _place(path: str) -> str:
    return code(path) if path else "the record itself"


def _samples(source: Format) -> list[str]:
    """Where samples of a format lie: of a text log the files that are recognized as it."""
    if source is NATIVE:
        return ["samples/landing"]
    if source.pattern is not None:
        return [
            f"samples/formats/text_logs/{file.name}"
            for file in sorted((SAMPLES / "text_logs").glob("*.log"))
            if recognized_text_format(file.read_text(encoding="utf-8").splitlines()) is source
        ]
    folders = sorted(each.name for each in SAMPLES.iterdir() if each.is_dir())
    named = [each for each in folders if source.name.startswith(each.removesuffix("s"))]
    return [f"samples/formats/{each}" for each in named]

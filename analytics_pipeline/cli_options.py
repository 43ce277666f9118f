"""What the commands have in common: their options, their settings, and how they print.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from analytics_pipeline.settings import Settings, current_settings, today

notes = Console(stderr=True, highlight=False, soft_wrap=True)
# What is piped or stored has no edge to fold a file's name at.
PIPED_WIDTH = None if sys.stdout.isatty() else 160
output = Console(highlight=False, soft_wrap=True, width=PIPED_WIDTH)

FAILED, WRONG_USAGE = 1, 2

LandingOption = Annotated[
    str | None,
    typer.Option(
        "--landing", help="Landing zone; else the setting landing_zone.", metavar="DIR|URL"
    ),
]
LakeOption = Annotated[
    Path | None, typer.Option("--lake", help="Lake; else the setting lake.", metavar="DIR")
]
MatchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--match",
        metavar="MATCHER",
        help="Such as 'rule = hit_rate' or 'team =~ \"search|ads\"'; all that are given must hold.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def as_day(text: str) -> date:
    """The date that a user wrote."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date of the form YYYY-MM-DD") from error


def day_option(name: str, explained: str) -> Any:
    """An option that takes a date."""
    return typer.Option(name, parser=as_day, metavar="DATE", help=explained)


def configure(landing: str | None = None, lake: Path | None = None) -> Settings:
    """Let the options take precedence over every other source of settings."""
    if landing is not None:
        os.environ["AICACHE_LANDING_ZONE"] = landing
    if lake is not None:
        os.environ["AICACHE_LAKE"] = str(lake)
    current_settings.cache_clear()
    return current_settings()


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what is wrong, and end."""
    notes.print(f"Error: {message}", markup=False)
    raise typer.Exit(code)


def check_range(settings: Settings, first: date, last: date) -> None:
    """End with what is wrong, where the days are no range within the grid."""
    if first > last:
        fail(f"--from {first} lies after --to {last}.", WRONG_USAGE)
    if first < settings.first_event_date or last > today():
        fail(
            f"The grid of days goes from {settings.first_event_date} (setting first_event_date) "
            f"to {today()}; {first} to {last} is not within it.",
            WRONG_USAGE,
        )


def print_json(content: Any) -> None:
    """Print for machines."""
    output.print_json(json.dumps(content, default=str), indent=2)


@contextmanager
def progress(quiet: bool) -> Iterator[Any]:
    """Show what a run is doing on one line of the terminal."""
    if quiet or not notes.is_terminal:
        yield None
        return
    with notes.status("starting") as status:
        yield lambda text: status.update(str(text).splitlines()[0])

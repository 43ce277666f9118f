"""What the benchmarks are asked for on the command line."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Which measurements are taken, and how.

    ``scale`` is the share of the usual amount of data: what is measured with less than 1 says
    little. ``rounds`` replaces the usual number of alternating rounds. ``dlt_python`` is the
    interpreter of an environment that has dlt.
    """

    names: tuple[str, ...] = ()
    scale: float = 1.0
    rounds: int | None = None
    dlt_python: Path | None = None

    def scaled(self, amount: int) -> int:
        """An amount of data to the scale that was asked for."""
        return max(1, round(amount * self.scale))


def read_options(arguments: Sequence[str], measurements: Sequence[str]) -> Options:
    """Read the command line; exits with a message where it is wrong."""
    parser = ArgumentParser(
        prog="python -m analytics_pipeline_tests.benchmarks",
        description="Measure speed and memory, and print the table.",
        epilog="measurements:\n  " + "\n  ".join(measurements),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help="measurement, or a pattern of names such as 'format_*'; all where none is named",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the usual amount of data, for a trial"
    )
    parser.add_argument("--rounds", type=int, help="alternating rounds of each ratio")
    parser.add_argument(
        "--dlt-python", type=Path, metavar="FILE",
        help="Python of an environment that has dlt; one is made where this is not given",
    )  # fmt: skip
    read = parser.parse_args(arguments)
    names: list[str] = []
    for pattern in read.names or ["*"]:
        found = [name for name in measurements if fnmatchcase(name, pattern)]
        if not found:
            parser.error(f"there is no measurement {pattern}; --help lists those there are")
        names += found
    return Options(tuple(dict.fromkeys(names)), read.scale, read.rounds, read.dlt_python)

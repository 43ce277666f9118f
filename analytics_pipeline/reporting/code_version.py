"""Which code made a report."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
DISTRIBUTION = "aicache-analytics"
CODE = (".py", ".j2", ".css", ".js", ".yml", ".yaml")
DRAWING_LIBRARIES = ("jinja2", "matplotlib", "xlsxwriter", "weasyprint")


@dataclass(frozen=True)
class CodeVersion:
    """The version of this package, SHA-256 over its code and templates, and of the libraries
    whose versions show in the bytes of a report.
    """

    package: str
    sha256: str
    libraries: dict[str, str]


@cache
def code_version() -> CodeVersion:
    """The version of the code of this process, read once."""
    libraries = {name: _version(name) for name in DRAWING_LIBRARIES}
    return CodeVersion(
        _version(DISTRIBUTION) or "unknown",
        code_hash(PACKAGE),
        {name: found for name, found in libraries.items() if found},
    )


def code_hash(folder: Path) -> str:
    """SHA-256 over the code below a folder: every file with its name and content, by name."""
    whole = sha256()
    files = {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.suffix in CODE
    }
    for name, file in sorted(files.items()):
        whole.update(f"{name}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None

"""The Jinja of a model's SQL file: rendered in a sandbox, with errors that name file and line."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion


class CallError(Exception):
    """A function called by a template refuses its arguments; the message says why."""


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


def render(file: Path, shown: str, functions: Mapping[str, Callable[..., str]]) -> str:
    """Render an SQL file in which the given functions may be called.

    ``shown`` is the path as messages name it. Raises ProjectError where the template is wrong, or
    where one of its calls raises CallError.
    """
    environment = _environment()
    try:
        code = environment.compile(file.read_text(encoding="utf-8"), filename=shown)
        template = jinja2.Template.from_code(environment, code, dict(functions))
        return template.render().rstrip().rstrip(";").rstrip()
    except ProjectError:
        raise
    except UnicodeDecodeError as error:
        raise ProjectError(f"{shown}: not a text in UTF-8: {error}.") from error
    except jinja2.TemplateSyntaxError as error:
        raise ProjectError(f"{Location(shown, error.lineno)}: {error.message}") from error
    except Exception as error:
        where = Location(shown, _line_in(shown, error.__traceback__))
        raise ProjectError(f"{where}: {_problem(error, functions)}") from error


def _line_in(filename: str, traceback: TracebackType | None) -> int | None:
    line = None
    while traceback:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _problem(error: Exception, functions: Mapping[str, Callable[..., str]]) -> str:
    if isinstance(error, CallError):
        return str(error)
    if isinstance(error, jinja2.UndefinedError) and error.message:
        name = error.message.split("'")[1] if "'" in error.message else ""
        return f"{error.message}; {suggestion(name, functions)}"
    # A TypeError about wrong arguments calls a method by the name of its class too.
    return re.sub(r"^\w+\.(?=\w+\(\))", "", str(error))

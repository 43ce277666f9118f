"""The Jinja of the folder: rendered in a sandbox, with errors that name file and line."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion

Functions = Mapping[str, Callable[..., Any]]
TEST_PREFIX = "test_"


class CallError(Exception):
    """A function called by a template refuses its arguments; the message says why."""


class _TestBlock(Extension):
    """``{% test name(model, column_name) %}``: a macro of the name test_NAME, as in dbt."""

    tags = {"test"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        macro = nodes.Macro(lineno=line)
        macro.name = TEST_PREFIX + parser.parse_assign_target(name_only=True).name
        parser.parse_signature(macro)
        macro.body = parser.parse_statements(("name:endtest",), drop_needle=True)
        return macro


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, extensions=[_TestBlock]
    )


@dataclass(frozen=True)
class Macro:
    """A macro of the folder: where it stands, and its parameters, the optional ones last."""

    where: Location
    parameters: tuple[str, ...]
    optional: tuple[str, ...]


@dataclass(frozen=True)
class Macros:
    """The macros of a folder by name; a generic test is the macro ``test_NAME``."""

    macros: Mapping[str, Macro] = field(default_factory=dict)
    files: Mapping[str, CodeType] = field(default_factory=dict)

    def bound(self, functions: Functions) -> dict[str, Callable[..., Any]]:
        """The functions, and the macros, which can call them and each other."""
        callables: dict[str, Callable[..., Any]] = dict(functions)
        modules: dict[str, Any] = {}

        def later(name: str) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                return modules[name](*args, **kwargs)

            return call

        callables.update((name, later(name)) for name in self.macros)
        for code in self.files.values():
            template = _template(code, callables)
            modules.update(vars(template.module))
        return callables


def read_macros(files: Iterable[tuple[Path, str]]) -> Macros:
    """Read files of macros, given as path and the path that messages name.

    Raises ProjectError where one is malformed or a macro stands twice.
    """
    found: dict[str, Macro] = {}
    compiled: dict[str, CodeType] = {}
    for file, shown in files:
        with _readable_errors({shown}, ()):
            tree = _environment().parse(_text(file, shown), filename=shown)
            compiled[shown] = _environment().compile(tree, filename=shown)
        for node in tree.find_all(nodes.Macro):
            where = Location(shown, node.lineno)
            if node.name in found:
                raise ProjectError(
                    f"{where}: the macro '{node.name}' stands at {found[node.name].where} already."
                )
            names = tuple(argument.name for argument in node.args)
            required = len(names) - len(node.defaults)
            found[node.name] = Macro(where, names, names[required:])
    return Macros(found, compiled)


def render(file: Path, shown: str, macros: Macros, functions: Functions) -> str:
    """Render an SQL file in which the functions and macros may be called.

    ``shown`` is the path as messages name it. Raises ProjectError where the template is wrong, or
    where one of its calls raises CallError.
    """
    callables = macros.bound(functions)
    with _readable_errors({shown, *macros.files}, callables):
        code = _environment().compile(_text(file, shown), filename=shown)
        template = _template(code, callables)
        return _statement(template.render())


def call_macro(macros: Macros, name: str, functions: Functions, **arguments: Any) -> str:
    """The text that a macro gives; raises ProjectError where it fails."""
    callables = macros.bound(functions)
    with _readable_errors(set(macros.files), callables):
        return _statement(str(callables[name](**arguments)))


def _template(code: CodeType, functions: Functions) -> jinja2.Template:
    """A compiled file that may call the functions, and those of Jinja, such as range()."""
    known = _environment().make_globals(dict(functions))
    return jinja2.Template.from_code(_environment(), code, known)


def _statement(text: str) -> str:
    return text.strip().rstrip(";").rstrip()


def _text(file: Path, shown: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{shown}: not a text in UTF-8: {error}.") from error


class _readable_errors:  # noqa: N801 (a context manager is used like a function)
    """Raise whatever a template raises as a ProjectError that names its file and line."""

    def __init__(self, files: set[str], known: Iterable[str]) -> None:
        self.files = files
        self.known = known

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType
    ) -> None:
        if error is None or isinstance(error, ProjectError) or not isinstance(error, Exception):
            return
        if isinstance(error, jinja2.TemplateSyntaxError):
            where = Location(error.filename or min(self.files), error.lineno)
            raise ProjectError(f"{where}: {error.message}") from error
        where = _where(self.files, trace)
        raise ProjectError(f"{where}: {_problem(error, self.known)}") from error


def _where(files: set[str], traceback: TracebackType | None) -> Location:
    found = Location(min(files) if files else "")
    while traceback:
        name = traceback.tb_frame.f_code.co_filename
        if name in files:
            found = Location(name, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _problem(error: Exception, known: Iterable[str]) -> str:
    if isinstance(error, CallError):
        return str(error)
    if isinstance(error, jinja2.UndefinedError) and error.message:
        name = error.message.split("'")[1] if "'" in error.message else ""
        return f"{error.message}; {suggestion(name, known)}"
    # A TypeError about wrong arguments calls a method by the name of its class too.
    return re.sub(r"^\w+\.(?=\w+\(\))", "", str(error))

"""A report as PDF, printed from its HTML."""

import ctypes
from contextlib import redirect_stdout
from functools import cache
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING

from analytics_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

VARIANT = "pdf/ua-1"
INSTALL = (
    "Install it with pip install 'aicache-analytics[pdf]', or leave pdf out of the setting "
    "reporting.formats."
)
INSTALL_LIBRARIES = (
    "Install Pango 1.44 or newer (Debian and Ubuntu: libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0; Alpine: pango; macOS: brew install pango), or leave pdf out of the "
    "setting reporting.formats."
)


class PdfError(PipelineError):
    """PDF cannot be made here; the message says what is missing and how to get it."""


def as_pdf(html: str) -> bytes:
    """The page as a tagged PDF (PDF/UA) with bookmarks; equal pages give equal bytes.

    Nothing is fetched, neither from the network nor from the disk: what the page needs must stand
    in it as data. Raises PdfError where weasyprint or a library of the system is missing.
    """
    check_pdf()
    _keep_libraries()
    from weasyprint import HTML

    document = HTML(string=html, base_url=None, url_fetcher=_fetcher())
    pdf = document.write_pdf(
        pdf_variant=VARIANT, pdf_identifier=sha256(html.encode("utf-8", "replace")).digest()[:16]
    )
    return bytes(pdf)


def check_pdf() -> str:
    """The version of weasyprint; raises PdfError where it cannot work."""
    try:
        # What it prints of a missing library stands in the error below.
        with redirect_stdout(StringIO()):
            import weasyprint
    except ImportError as error:
        raise PdfError(f"PDF needs weasyprint, which is not installed ({error}). {INSTALL}") from (
            error
        )
    except OSError as error:
        missing = str(error).splitlines()[0]
        raise PdfError(
            f"PDF needs a library that this system lacks: {missing} {INSTALL_LIBRARIES}"
        ) from error
    return str(weasyprint.__version__)


@cache
def _fetcher() -> "URLFetcher":
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",), allow_redirects=False)


@cache
def _keep_libraries() -> None:
    """Keep Pango and its like loaded until the process is gone.

    Pango works in threads of its own. Were its code unloaded with the last Python object, as cffi
    does at exit, such a thread would crash a process whose work is done.
    """
    from weasyprint.text import ffi

    for library in vars(ffi).values():
        if type(library).__name__.startswith("FFILibrary"):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))

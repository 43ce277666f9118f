"""A page as PDF: tagged, the same each time, and without anything from elsewhere."""

import base64
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject
from weasyprint import HTML

from analytics_pipeline.reporting.formats import pdf as pdf_format
from analytics_pipeline.reporting.formats.pdf import PdfError, as_pdf, check_pdf

PIXEL = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'
).decode()
PAGE = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A report</title></head>
<body><h1>A report</h1><h2 id="cache">Cache</h2><p>71.2% <a href="#cache">Cache</a></p>
<table><thead><tr><th>Model</th></tr></thead><tbody><tr><td>atlas</td></tr></tbody></table>
<img alt="A circle." src="data:image/svg+xml;base64,{PIXEL}"></body></html>"""
PRINT_DIGEST = """
import sys
from hashlib import sha256
from analytics_pipeline.reporting.formats.pdf import as_pdf
print(sha256(as_pdf(sys.stdin.read())).hexdigest())
"""


def objects(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of a PDF, reachable or not."""

    def within(value: Any) -> Iterator[DictionaryObject]:
        if isinstance(value, DictionaryObject):
            yield value
            for item in value.values():
                yield from within(item)
        elif isinstance(value, ArrayObject):
            for item in value:
                yield from within(item)

    for number in range(1, int(reader.trailer["/Size"])):
        yield from within(reader.get_object(number))


ACTIVE = {"/JS", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/AA", "/OpenAction",
          "/AcroForm", "/RichMedia", "/XFA"}  # fmt: skip


def active_parts(content: bytes) -> list[str]:
    """What could act or lead out of a PDF: scripts, files, forms, links to elsewhere."""
    found = []
    for each in objects(PdfReader(BytesIO(content))):
        found += [name for name in each if name in ACTIVE]
        action = each.get("/S")
        if action in ("/URI", "/JavaScript", "/Launch", "/GoToR", "/SubmitForm", "/ImportData"):
            found.append(f"{action} {each.get('/URI')}")
    return found


def test_it_is_tagged_and_titled_with_bookmarks() -> None:
    reader = PdfReader(BytesIO(as_pdf(PAGE)))
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert b"pdfuaid" in catalog["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "A report"
    outline = reader.outline
    assert outline[0].title == "A report"
    assert outline[1][0].title == "Cache"
    assert "atlas" in reader.pages[0].extract_text()
    assert active_parts(as_pdf(PAGE)) == []


def test_equal_pages_give_equal_bytes_in_every_process() -> None:
    digest = sha256(as_pdf(PAGE)).hexdigest()
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "NZ"}
    other = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        env=environment, input=PAGE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == digest
    assert b"/CreationDate" not in as_pdf(PAGE)
    assert sha256(as_pdf(PAGE.replace("71.2", "71.3"))).hexdigest() != digest


@pytest.mark.skipif(sys.platform != "linux", reason="the loader of glibc tells what it unloads")
def test_no_library_is_unloaded_under_a_thread_that_uses_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        env=os.environ | {"LD_DEBUG": "files"}, input=PAGE, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    told = done.stderr.splitlines()
    assert [line for line in told if "libpango" in line and "calling init" in line]
    assert not [line for line in told if "libpango" in line and "destroying link map" in line]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this machine")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        hostile = PAGE.replace(
            "<h1>",
            f'<img alt="x" src="{url}/img"><style>@import url({url}/css);'
            f"body {{background: url({url}/bg)}} "
            f"@font-face {{font-family: f; src: url({url}/font)}}"
            f' h2 {{font-family: f}}</style><link rel=stylesheet href="{url}/link">'
            f'<link rel="attachment" href="{secret.as_uri()}"><object data="{url}/object"></object>'
            f'<embed src="{url}/embed"><img alt="x" src="{secret.as_uri()}"><h1>',
        )
        content = as_pdf(hostile)
        refused = list(asked)
        HTML(string=hostile).write_pdf()
        server.shutdown()
    assert refused == []
    assert {"/img", "/css", "/bg", "/font", "/link"} <= set(asked), "the page asks for them"
    assert active_parts(content) == []
    assert "secret" not in "".join(
        page.extract_text() for page in PdfReader(BytesIO(content)).pages
    )


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (ModuleNotFoundError("No module named 'weasyprint'"), "pip install"),
        (OSError("cannot load library 'libpango-1.0-0'\nmore"), "libpango-1.0-0 libpangoft2"),
    ],
)
def test_what_is_missing_is_said_with_the_mend(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    mend: str,
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "weasyprint":
                print("the library's own message")
                raise error

    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(PdfError, match=mend) as raised:
        as_pdf(PAGE)
    assert "\n" not in str(raised.value)
    assert capsys.readouterr().out == ""


def test_weasyprint_is_there_and_loaded_by_need() -> None:
    assert check_pdf()
    code = (
        "import sys; import analytics_pipeline.reporting.formats.pdf, "
        "analytics_pipeline.reporting.formats.xlsx; "
        "assert not {'weasyprint', 'xlsxwriter'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert pdf_format.VARIANT == "pdf/ua-1"

"""manifest.json beside the reports of a period: what each file is, and what it was made from.

The time of rendering stands here and nowhere else, so that equal inputs and equal code give equal
files.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from analytics_pipeline.reporting.code_version import CodeVersion
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.files import MANIFEST
from analytics_pipeline.reporting.formats.json import inputs_by_name

FORMAT = "aicache-analytics report manifest"
FORMAT_VERSION = 1
RENDERED_AT = "rendered_at"


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """The entries of a folder's manifest by name of report; none where it cannot be read."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        reports = document["reports"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if not isinstance(reports, dict):
        return {}
    return {name: entry for name, entry in reports.items() if isinstance(entry, dict)}


def manifest_text(entries: Mapping[str, Any]) -> str:
    """The manifest with these entries, in the order of their names."""
    document = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "reports": dict(sorted(entries.items())),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def entry_of(
    report: Report, content: str, files: Mapping[str, bytes], code: CodeVersion, now: datetime
) -> dict[str, Any]:
    """What the manifest says of a report; ``content`` is its content hash, ``now`` is in UTC."""
    return {
        "kind": report.kind,
        "view": report.view,
        "team": report.team,
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "content_sha256": content,
        RENDERED_AT: now.replace(microsecond=0, tzinfo=None).isoformat() + "Z",
        "code": asdict(code),
        "files": {
            name: {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(files.items())
        },
        "inputs": inputs_by_name(report.inputs),
    }


def same_rendering(entry: Mapping[str, Any], former: Mapping[str, Any]) -> bool:
    """Whether two entries say the same but for the time of rendering."""
    return {**entry, RENDERED_AT: None} == {**former, RENDERED_AT: None}

"""Picks samples out of the example payloads of GitHub webhooks that Octokit collects.

``python -m analytics_pipeline_tests.generated_samples.github INDEX samples/formats/github`` writes
them, where INDEX is api.github.com/index.json of the package @octokit/webhooks-examples.
"""

import json
import sys
from pathlib import Path
from typing import Any

PAYLOADS = (
    ("workflow_run", 0), ("workflow_run", 1), ("workflow_run", 3), ("workflow_job", 0),
    ("workflow_job", 1), ("workflow_job", 5), ("deployment", 0), ("deployment_status", 0),
    ("deployment_status", 1),
)  # fmt: skip
# Of the people in the payloads all but one are GitHub's own figures.
RENAMED = {
    "Matthias Fax": "Octocat",
    "matfax@users.noreply.github.com": "octocat@github.com",
}


def main(index: Path, folder: Path) -> None:
    """Write the samples."""
    text = index.read_text(encoding="utf-8")
    for name, other in RENAMED.items():
        text = text.replace(name, other)
    examples = {each["name"]: each["examples"] for each in json.loads(text)}

    def objects(kind: str, *numbers: int) -> list[Any]:
        return [examples[kind][number][kind] for number in numbers]

    documents = {
        "workflow_runs": {"total_count": 2, "workflow_runs": objects("workflow_run", 2, 4)},
        "workflow_jobs": {"total_count": 2, "jobs": objects("workflow_job", 2, 3)},
        "deployments": objects("deployment", 0, 1),
        "deployment_statuses": objects("deployment_status", 0, 1),
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    payloads = (json.dumps(examples[kind][number]) + "\n" for kind, number in PAYLOADS)
    (folder / "webhooks.jsonl").write_text("".join(payloads))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

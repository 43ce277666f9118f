"""Replays a trace of requests to an LLM service against a prefix cache, as cache_query events.

``python -m analytics_pipeline.samples.mooncake TRACE.jsonl.gz OUT.jsonl.gz``

The trace is that of Mooncake (Qin et al., FAST '25; kvcache-ai/Mooncake, Apache-2.0). It has, for
each request, the milliseconds since its start, the tokens of prompt and answer, and one id for
each block of 512 prompt tokens; equal ids mean equal blocks after equal blocks.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from analytics_pipeline.errors import PipelineError

ANCHOR = datetime(2026, 11, 10, 9, tzinfo=UTC)
"""The moment that stands for the start of the trace, which has no calendar date of its own."""

BLOCKS_OF_A_HIT = 2
"""All requests share their first block, the system prompt; so a hit takes one block more."""


class TraceError(PipelineError):
    """The trace cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Request:
    """One request of the trace."""

    milliseconds: int
    prompt_tokens: int
    completion_tokens: int
    blocks: tuple[int, ...]


def read_trace(trace: Path) -> Iterator[Request]:
    """Read the requests of a trace, plain or gzip, in their order.

    Raises TraceError where the file or a line is not one of the trace.
    """
    line_number = 0
    try:
        with gzip.open(trace) if trace.suffix == ".gz" else trace.open("rb") as file:
            for line in file:
                line_number += 1
                row = json.loads(line)
                yield Request(
                    int(row["timestamp"]),
                    int(row["input_length"]),
                    int(row["output_length"]),
                    tuple(row["hash_ids"]),
                )
    except (OSError, EOFError) as error:
        raise TraceError(f"The trace {trace} cannot be read: {error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TraceError(
            f"{trace}, line {line_number}: not a request of a Mooncake trace ({error!r}). Give the "
            "file conversation_trace.jsonl, plain or gzip."
        ) from error


def prefix_key(blocks: tuple[int, ...]) -> str:
    """Key of the cache entry that a prompt asks for: a hash of its leading blocks."""
    leading = "/".join(map(str, blocks[:BLOCKS_OF_A_HIT]))
    return sha256(leading.encode()).hexdigest()[:16]


def replay(requests: Iterable[Request], anchor: datetime = ANCHOR) -> Iterator[dict[str, Any]]:
    """Turn requests into cache_query events.

    A request is a hit when an earlier one in the trace had the same two leading blocks: its
    ``cache_key``, the hash of those two, was then asked for before. The cache never evicts.
    ``context.prefix_blocks`` is the number of blocks of the prompt, and
    ``context.prefix_blocks_reused`` how many leading ones an earlier prompt also began with, so
    that another rule can be applied. What the trace does not tell (query, user, model, response
    time, cost, match type) is absent.
    """
    # A tree of all prompts: from a node and a block to the next node. A new node has no children,
    # so the blocks found in the tree are always the leading ones.
    tree: dict[tuple[int, int], int] = {}
    for number, request in enumerate(requests, 1):
        node, reused = 0, 0
        for block in request.blocks:
            reused += (node, block) in tree
            node = tree.setdefault((node, block), len(tree) + 1)
        moment = anchor + timedelta(milliseconds=request.milliseconds)
        yield {
            "event_id": f"mooncake-conversation-{number:05}",
            "event_type": "cache_query",
            "timestamp": moment.isoformat(timespec="milliseconds"),
            "cache_hit": reused >= BLOCKS_OF_A_HIT,
            "prompt_tokens": request.prompt_tokens,
            "completion_tokens": request.completion_tokens,
            "cache_key": prefix_key(request.blocks),
            "context": {
                "prefix_blocks": len(request.blocks),
                "prefix_blocks_reused": reused,
            },
        }


def convert(trace: Path, destination: Path, *, anchor: datetime = ANCHOR) -> int:
    """Write a trace as cache_query events, newline-delimited JSON in gzip.

    The same trace gives the same bytes. Returns the number of events. Raises TraceError where
    the trace cannot be read; nothing is written then.
    """
    lines = [
        json.dumps(event, separators=(",", ":")) for event in replay(read_trace(trace), anchor)
    ]
    destination.parent.mkdir(parents=True, exist_ok=True)
    unfinished = destination.with_name(destination.name + ".part")
    unfinished.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    unfinished.replace(destination)
    return len(lines)


def main(
    trace: Annotated[Path, typer.Argument(help="conversation_trace.jsonl, plain or gzip.")],
    destination: Annotated[Path, typer.Argument(help="The .jsonl.gz file to write.")],
) -> None:
    """Convert a Mooncake trace into cache_query events."""
    try:
        events = convert(trace, destination)
    except TraceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{events} events written to {destination}")


if __name__ == "__main__":
    typer.run(main)

"""Runs whose process was killed: found by the process that each run notes on itself.

Dagster cannot tell that the process of a run has gone when nobody was left to report it, and a
run that seems under way forever would keep its dates from being updated.
"""

import socket

import dagster as dg
import psutil

PROCESS_TAG = "aicache/process"


def this_process() -> str:
    """What identifies this process: host, process id, and when it started."""
    process = psutil.Process()
    return f"{socket.gethostname()}/{process.pid}/{process.create_time()}"


def has_ended(process: str) -> bool:
    """Whether a process of this host has ended; False for one of another host."""
    host, pid, created = process.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        return str(psutil.Process(int(pid)).create_time()) != created
    except psutil.NoSuchProcess:
        return True


def note_process(context: dg.AssetExecutionContext) -> None:
    """Note on the run by which process it is executed."""
    context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})


def fail_runs_without_process(instance: dg.DagsterInstance) -> None:
    """Mark as failed the runs that seem under way and whose process has ended."""
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    for run in instance.get_runs(filters):
        process = run.tags.get(PROCESS_TAG)
        if process is not None and has_ended(process):
            instance.report_run_failed(run, f"The process of this run has ended ({process}).")

"""`python retraining_victim.py FOLDER FAULT KEY`: a retraining that goes wrong, by the real machinery."""

import contextlib
import os
import resource
import signal
import sys
import time
from pathlib import Path

import pyarrow as pa

from keepwell.cli.jobs.retrain import Lines
from keepwell.operations.build.retraining_job import work
from keepwell.operations.build.retraining_record import lease_of
from keepwell.operations.leadership.errands import entrusted
from keepwell.operations.leadership.place import Place
from keepwell.workspace import Workspace

ENOUGH = 1 << 20


def main(folder: str, fault: str, key: str) -> int:
    with Workspace.open(Path(folder)) as workspace:
        identifier = key.split("/")[1]

        def labelled() -> pa.Table:
            workspace.runs.start("churn", "retrain", tags={"retraining": identifier})
            go_wrong(workspace, fault)
            return pa.table({})

        def alone():  # type: ignore[no-untyped-def]
            here = Place.here(workspace.home)
            return entrusted(workspace.metadata.leases, here, lease_of(key), every=0.2)

        done = work(workspace.bench, workspace.home, key, labelled, Lines(), alone)
    return 0 if done else 1


def go_wrong(workspace: Workspace, fault: str) -> None:
    if fault == "memory":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), used + (64 << 20)))
        bytearray(1 << 30)
    if fault == "disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (ENOUGH, ENOUGH))
        workspace.blobs.write(b"a model" * ENOUGH)
    if fault == "no room":
        workspace.blobs.write(b"a model" * ENOUGH)
    if fault == "full":
        fill(workspace.root.parent / "ballast")
        workspace.blobs.write(b"a model")
    if fault == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if fault == "waits":
        time.sleep(600)
    if fault == "crashes":
        os.abort()


def fill(ballast: Path) -> None:
    """Leave no room on a disk."""
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))

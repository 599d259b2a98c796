"""One model on a port, until it is told to stop.

python serve.py             # KEEPWELL_HOST, KEEPWELL_PORT: 0.0.0.0 and 8080 unless said
python serve.py --verify    # load the model, answer a row, and leave
python serve.py --check     # ask the server on that port whether it is ready
"""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from keepwell.core.errors import KeepwellError
from keepwell.deployment.standalone.door import Door
from keepwell.deployment.standalone.model import StandaloneModel, open_model

PORT = 8080
_DRAIN_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75


def main(folder: Path, arguments: Sequence[str]) -> int:
    """Serve the model in a folder, or verify it; return the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    try:
        model = open_model(folder)
    except KeepwellError as error:
        print(f"✗ {error}".replace("\n", "\n  "), file=sys.stderr)  # noqa: T201 (its whole surface)
        return error.exit_code
    if list(arguments) == ["--verify"]:
        return 0
    _serve(model)
    return 0


def _serve(model: StandaloneModel) -> None:
    import uvicorn

    host = os.environ.get("KEEPWELL_HOST", "0.0.0.0")  # noqa: S104 (a container's own address)
    port = int(os.environ.get("KEEPWELL_PORT", PORT))
    gc.collect()
    gc.freeze()  # what is loaded now stays: no request waits while it is searched for garbage
    uvicorn.run(
        Door(model),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )

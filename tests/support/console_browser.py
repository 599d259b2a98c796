"""A console that is served, and a headless Chromium that looks at it."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from console_customers import NAME
from console_world import Told
from starlette.requests import Request
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@dataclass(frozen=True)
class Site:
    """Where the console is, and what it shows."""

    url: str
    told: Told


async def answer_as_a_worker(request: Request) -> JSONResponse:
    """Answer a prediction in the form that the inference workers answer in."""
    row = (await request.json())["instances"][0]
    if row["tenure"] < 0:
        document = {"what": "column 'tenure' is -1", "why": "it counts months", "now": "send more"}
        return JSONResponse(document, 422)
    answer = {
        "predictions": ["Yes"],
        "probabilities": [{"No": 0.28, "Yes": 0.72}],
        "prediction_ids": ["01KFN3C8Q4T5D8Z7W9R2M1XYZA"],
        "model": {"name": NAME, "version": 2},
    }
    return JSONResponse(answer)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application on a free port for the length of the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # whoever comes before the server is ready waits, and is not refused
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


class Browser:
    """A headless Chromium that remembers what it asked for."""

    def __init__(self, driver: "Chrome") -> None:
        self.driver = driver

    def open(self, url: str, *, width: int = 1280, dark: bool = False) -> None:
        """Show a page at a width, in one of the themes."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._tell("Emulation.setEmulatedMedia", features=scheme)
        size = {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": width < 600}
        self._tell("Emulation.setDeviceMetricsOverride", **size)
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script on the page returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str, seconds: float = 8.0) -> Any:
        """Return what an expression gives as soon as that is something."""
        end = time.monotonic() + seconds
        while not (found := self.run(f"return {script}")):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)
        return found

    def complaints(self) -> list[str]:
        """Return what the page's console complained about since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last time."""
        log = [json.loads(entry["message"])["message"] for entry in self._log()]
        sent = [item["params"] for item in log if item["method"] == "Network.requestWillBeSent"]
        return [item["request"]["url"] for item in sent]

    def _log(self) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        return entries

    def _tell(self, command: str, **parameters: Any) -> None:
        self.driver.execute_cdp_cmd(command, parameters)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser | None]:
    """Start a headless Chromium with a profile of its own; None where none is installed."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    binary = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        yield None
        return
    options = ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()

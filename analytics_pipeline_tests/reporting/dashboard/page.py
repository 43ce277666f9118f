"""A dashboard in a real browser, and what a reader finds in it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 60
DATASETS = (
    "return [...document.querySelectorAll(arguments[0])].map(found => ({...found.dataset, "
    "text: found.innerText}))"
)


@dataclass(frozen=True)
class Page:
    """An open dashboard; ``address`` is that of its index.html."""

    browser: webdriver.Chrome
    address: str

    @classmethod
    def at(cls, browser: webdriver.Chrome, folder: Path) -> "Page":
        """The dashboard in a folder, opened from disk."""
        return cls(browser, (folder / "index.html").as_uri())

    def open(self, **state: str) -> None:
        """Load the page anew in a state, and wait until it is drawn."""
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}#{urlencode(state)}")
        self.wait("return document.documentElement.dataset.drawn")

    def wait(self, script: str) -> Any:
        """Wait until a script returns something true."""
        return WebDriverWait(self.browser, SECONDS).until(
            lambda browser: browser.execute_script(script)
        )

    def does(self, action: Any) -> None:
        """Do what leads to another state, and wait until that is drawn."""
        before = self.browser.execute_script("return document.documentElement.dataset.drawn")
        action()
        self.wait(f"return document.documentElement.dataset.drawn !== '{before}'")

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Follow a link or press a button that leads to another state."""
        self.does(self.find(selector).click)

    def texts(self, selector: str) -> list[str]:
        return [found["text"] for found in self.datasets(selector)]

    def datasets(self, selector: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.browser.execute_script(DATASETS, selector)
        return found

    def cards(self) -> dict[str, dict[str, Any]]:
        """What the cards say, by the id of their metric."""
        return {card["metric"]: card for card in self.datasets("a[data-metric]")}

    def slices(self) -> dict[str, dict[str, Any]]:
        """The rows of the table of slices, by slice."""
        return {row["slice"]: row for row in self.datasets("tr[data-slice]")}

    def drawn_charts(self, number: int) -> None:
        """Wait until so many charts are drawn."""
        script = "return document.querySelectorAll('[data-drawn] .main-svg').length > 0"
        self.wait(script)
        self.wait(f"return document.querySelectorAll('.plot[data-drawn]').length >= {number}")

    def requests(self) -> list[str]:
        """Addresses asked for since the last look."""
        return [
            message["params"]["request"]["url"]
            for entry in self.browser.get_log("performance")
            if (message := json.loads(entry["message"])["message"])["method"]
            == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """What the browser wrote to its console since the last look."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

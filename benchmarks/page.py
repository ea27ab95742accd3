"""`python -m benchmarks.page`: how long a reader waits for the page, in a headless Chromium.

The page of `python -m tinygrad_rnn page` is loaded at its start and at its largest picture, from a new profile each time; then one
page goes through all runs over as many steps, at every level, and the time from a setting to the picture in place is taken. The clock
is the browser's. Needs playwright and a Chromium or Chrome of the system.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from .process import machine

LIMITS = {"load": 0.5, "switch": 0.15}  # seconds
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SWITCH = """async ([values, detail]) => {
  const start = performance.now();
  await change({ values, detail, open: null });
  document.body.getBoundingClientRect();
  return (performance.now() - start) / 1000;
}"""


def load(browser: Any, address: str) -> tuple[Any, float]:
    """A page in a profile of its own, and the seconds until it can be used."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    return page, page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1000


def tell(what: str, seconds: list[float], limit: float) -> bool:
    """Print the median and the slowest of some times; whether the median is under the limit."""
    middle = statistics.median(seconds)
    print(f"{what:34} median {middle:.3f} s, slowest {max(seconds):.3f} s of {len(seconds)}; limit {limit:g} s", flush=True)
    return middle < limit


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__.partition("\n")[0])
    parser.add_argument("--loads", type=int, default=9, help="how often each is loaded (default: 9)")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print(
            "error: no Chromium, or no playwright\n\nhint: pip install playwright, and a Chromium of the system", file=sys.stderr
        )
        return 2
    from tinygrad_rnn.commands import combinations, demonstration

    known = machine()
    print(f"Python {known['Python']}, {known['CPU']}, {known['date']}")
    fine = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        path = Path(folder) / "page.html"
        path.write_text(demonstration(0), encoding="utf-8")
        print(f"{path.stat().st_size:,} bytes")
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS.split())
        print(f"Chromium {browser.version}")
        for what, fragment in (("its start", ""), ("GRU, 16 steps, op", "#cell=gru&steps=16&detail=op")):
            loads = []
            for _ in range(args.loads):
                page, seconds = load(browser, path.as_uri() + fragment)
                loads.append(seconds)
                page.context.close()
            fine.append(tell(f"load, {what}", loads, LIMITS["load"]))
        page, _ = load(browser, path.as_uri())
        switches: dict[tuple[str, str], list[float]] = {}
        for detail in ("cell", "gate", "op"):
            for settings in combinations():
                key = (settings["steps"], detail)
                switches.setdefault(key, []).append(page.evaluate(SWITCH, [settings, detail]))
        for (steps, detail), seconds in sorted(switches.items(), key=lambda item: (int(item[0][0]), item[0][1])):
            fine.append(tell(f"switch, {steps} steps, {detail}", seconds, LIMITS["switch"]))
        browser.close()
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())

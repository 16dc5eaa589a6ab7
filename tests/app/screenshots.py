"""Save a picture of every page: ``python -m tests.app.screenshots OUT --runs RUNS``.

The app is started on a folder of runs and every page is saved whole, at two widths, as
``overview.png``, ``overview-narrow.png`` and so on. With ``--height`` only the top is saved.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tests.app.serving import browsing, open_page, serving

PAGES = (
    *("start", "overview", "allocation", "person", "frontier", "visits", "hall"),
    *("family_workers", "booking_line"),
    *("compare", "scenario", "sources", "runs", "data", "help"),
)
WIDTHS = {"": 1280, "-narrow": 390}


def save(out: Path, runs: Path, pages: Sequence[str], height: int | None) -> None:
    """Save pages of the app on these runs, at two widths.

    Parameters
    ----------
    height
        Pixels saved from the top; the whole page when not given.
    """
    out.mkdir(parents=True, exist_ok=True)
    with serving(runs.resolve()) as address, browsing() as browser:
        for ending, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            for name in pages:
                open_page(page, f"{address}/{'' if name == 'start' else name}")
                page.wait_for_timeout(500)
                whole = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": height or int(whole) + 60})
                page.wait_for_timeout(500)
                page.screenshot(path=out / f"{name}{ending}.png")
                page.set_viewport_size({"width": width, "height": 900})
            page.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Save a picture of every page of the app.")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")
    parser.add_argument("--page", action="append", choices=PAGES, help="this page only")
    parser.add_argument("--height", type=int, help="pixels from the top; else the whole page")
    asked = parser.parse_args()
    save(asked.out, asked.runs, asked.page or PAGES, asked.height)

"""Save a picture of every page: ``python -m tests.app.screenshots OUT [RUNS]``.

The app is started on the folder of runs (``runs`` when none is given) and every page is saved at
two widths, as ``overview.png`` and ``overview-narrow.png`` and so on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.app.serving import browsing, open_page, serving

PAGES = ("overview", "allocation", "visits", "compare", "sources", "start")
WIDTHS = {"": 1280, "-narrow": 390}


def save(out: Path, runs: Path) -> None:
    """Save every page of the app on these runs, at two widths."""
    out.mkdir(parents=True, exist_ok=True)
    with serving(runs.resolve()) as address, browsing() as browser:
        for ending, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            for name in PAGES:
                open_page(page, f"{address}/{'' if name == 'overview' else name}")
                page.wait_for_timeout(500)
                height = page.evaluate(
                    "document.querySelector('[data-testid=stMain]').scrollHeight"
                )
                page.set_viewport_size({"width": width, "height": int(height) + 60})
                page.wait_for_timeout(500)
                page.screenshot(path=out / f"{name}{ending}.png")
                page.set_viewport_size({"width": width, "height": 900})
            page.close()


if __name__ == "__main__":
    save(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "runs"))

"""Write the generated parts of ``docs/data.md`` from the dictionary and the tables.

python docs/write_data.py
"""

from __future__ import annotations

from pathlib import Path

from data.description import data_markdown

PAGE = Path(__file__).parent / "data.md"


def main() -> None:
    """Replace what stands between the two marks of each part."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in data_markdown().items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = page.split(start)
        page = f"{before}{start}{text}{end}{rest.split(end)[1]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

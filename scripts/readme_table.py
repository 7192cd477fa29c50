"""Write the table of trained systems into README.md and docs/index.md, from the bundles' own config.json.

python scripts/readme_table.py            write
python scripts/readme_table.py --check    only say whether it is up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

from solfeggio.report.models import models_table

ROOT = Path(__file__).parents[1]
START, END = "<!-- systems: made by scripts/readme_table.py -->", "<!-- end -->"
NONE = "None is trained yet: `solfeggio train beats` makes one."


def filled(text: str) -> str:
    """Replace what stands between the marks by the table of today."""
    table = models_table()
    before, rest = text.split(START)
    _, after = rest.split(END)
    made = table.markdown().strip() if table.rows else NONE
    return f"{before}{START}\n\n{made}\n\n{END}{after}"


def main() -> int:
    stale = False
    for path in (ROOT / "README.md", ROOT / "docs" / "index.md"):
        text = path.read_text("utf-8")
        if filled(text) != text:
            stale = True
            if "--check" not in sys.argv:
                path.write_text(filled(text), "utf-8")
                print(f"wrote {path.name}")
    if stale and "--check" in sys.argv:
        print("the table of systems is out of date: run python scripts/readme_table.py", file=sys.stderr)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

"""Write docs/styles.md: every style of the band, with what its song of seed 7 is like.

python scripts/styles_page.py            write
python scripts/styles_page.py --check    only say whether it is up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from solfeggio.band.compose import compose
from solfeggio.band.instruments import instrument
from solfeggio.band.song import Song
from solfeggio.band.style import Style, load_style, style_names
from solfeggio.report.lanes import pretty

PAGE = Path(__file__).parents[1] / "docs" / "styles.md"
SEED, MOST_CHORDS = 7, 6
HEADINGS = {  # composer: heading, what it is
    "players": (
        "Songs by the band's own players",
        "Charts with drums, bass, chord players and leads, written by rule.",
    ),
    "loops": ("Loops and machines", "Layers that enter and leave over patterns that repeat."),
    "chamber": ("Chamber music and orchestras", "Part writing by rule: no drums, no loops, often no steady time."),
    "scene": ("Scenes", "Motifs that return in other keys, tempi and colours."),
    "score": ("Real scores", "What composers wrote long ago; needs `pip install solfeggio[scores]`."),
    "mma": ("Grooves of mma", "Accompaniment from the library of `mma`; needs `sh scripts/install-band.sh`."),
}
START = f"""# Styles

Every style is one small file in `src/solfeggio/band/styles`; [The band](band.md) shows how to write your own. Tempo is
in counted beats a minute. The last two columns show the song of seed {SEED}: who plays, and its first chords. Hear it
with `solfeggio band play STYLE --seed {SEED} -o out`.
"""


def page() -> str:
    """Make the text of the page."""
    styles = [load_style(name) for name in style_names()]
    text = [START]
    for composer, (heading, about) in HEADINGS.items():
        text += [f"## {heading}", "", about, ""]
        text += ["| style | what it is | tempo | metres | players | chords |", "|---|---|---|---|---|---|"]
        text += [row(style) for style in styles if style.composer == composer and style.weight > 0]
        text += [""]
    text += [f"{sum(style.weight > 0 for style in styles)} styles in all.", ""]
    return "\n".join(text)


def row(style: Style) -> str:
    """Make one line of a table."""
    song = compose(SEED, style=style.name)
    low, high = style.tempo
    metres = sorted({label for _, _, label in song.metres}) if style.composer in ("mma", "score") else style.metres
    cells = (style.name, style.about, f"{low:g} to {high:g}", ", ".join(metres), players(song), chords(song))
    return f"| {' | '.join(cells)} |"


def players(song: Song) -> str:
    """Name who plays a song, each once."""
    names = ["drums" if part.drums else "voice" if part.words else instrument(part.program) for part in song.parts]
    return ", ".join(dict.fromkeys(names))


def chords(song: Song) -> str:
    """Write the first chords of a song, as musicians do."""
    labels = [label for _, _, label in song.chords if label not in ("N", "X")]
    kept = [label for i, label in enumerate(labels) if not i or label != labels[i - 1]]
    written = " ".join(pretty(label) for label in kept[:MOST_CHORDS])
    return f"{written} …" if len(kept) > MOST_CHORDS else written or "none"


def main() -> int:
    np.seterr(all="raise", under="ignore")
    made = page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == made:
        return 0
    if "--check" in sys.argv:
        print("docs/styles.md is out of date: run python scripts/styles_page.py", file=sys.stderr)
        return 1
    PAGE.write_text(made, "utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Words for those who sing: lyrics by rule from small lists of common words, one syllable for each note.

A syllable on a note, "" where the last goes on (melisma). Refrains keep their text; some sections are wordless.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.song import Part, Song
from solfeggio.band.style import VOICE, Style
from solfeggio.harte import pitch_classes

VOCABULARY: dict[str, str] = {  # language -> common words, syllables joined by hyphens
    "en": """love night day you me my heart time come go a-way home sky fire rain stars light dream down blue run
        stay hold on free wind sea to-night to-mor-row ne-ver e-ver o-ver win-dow ri-ver sum-mer mor-ning sha-dow
        walk dance slow road long know see feel real turn burn stone bell gold moon soon high fly far wild cold lone-ly
        ba-by some-bo-dy be-lieve re-mem-ber for-ev-er mid-night an-gel pa-per whis-per hun-dred thou-sand and the""",
    "es": """a-mor no-che dí-a sol lu-na mar cie-lo ca-mi-no co-ra-zón vi-da tie-rra flor ver-de lu-ces fue-go a-gua
        sue-ño can-ción vien-to tar-de ma-ña-na vo-lar llo-rar siem-pre nun-ca tú yo mi luz paz voz ca-lle san-gre
        pa-lo-ma a-rri-ba ven con-ti-go so-lo to-do que de la""",
    "de": """Lie-be Nacht Tag Herz Zeit Licht Traum Stern Him-mel Feu-er Was-ser Wind Re-gen Som-mer Mor-gen A-bend
        Weg Haus Lied Stim-me Au-gen Hand Blu-me Vo-gel im-mer wie-der nie blau grün still lang fern ü-ber un-ter
        kom-men ge-hen flie-gen sin-gen du ich wir und der die""",
    "it": """a-mo-re not-te gior-no so-le lu-na ma-re cie-lo stra-da cuo-re vi-ta ter-ra fio-re fuo-co ac-qua so-gno
        can-to ven-to se-ra do-ma-ni vo-la-re sem-pre mai tu io mio lu-ce pa-ce vo-ce ma-no bel-la an-dia-mo via
        so-lo tut-to che di la""",
    "fr": """a-mour nuit jour so-leil lu-ne mer ciel jar-din coeur vie ter-re fleur feu eau rê-ve chan-son vent soir
        de-main vo-ler tou-jours ja-mais toi moi mon jo-li blanc rou-ge lu-miè-re voix main dou-ce sans rien en-core
        ri-viè-re mai-son que de la""",
    "fi": """yö päi-vä sy-dän ai-ka va-lo u-ni täh-ti tai-vas tu-li ve-si tuu-li sa-de ke-sä aa-mu il-ta tie ko-ti
        lau-lu ää-ni kä-si kuk-ka lin-tu ai-na kun si-nä mi-nä me ja on ei""",
    "ja": """さ-く-ら は-な そ-ら う-み か-ぜ ほ-し つ-き よ-る あ-さ ひ-か-り ゆ-め こ-こ-ろ あ-い わ-た-し き-み み-ち
        や-ま か-わ う-た こ-え て め な-み-だ と-き ま-ち ゆ-き あ-め な-つ ふ-ゆ は-る い-つ-も と-お-く ひ-と-り
        せ-か-い し-ろ-い あ-お-い りょ-こ みょ きょ の に を""",
    "pt": """a-mor noi-te di-a sol lu-a mar céu ca-mi-nho co-ra-ção vi-da ter-ra flor fo-go á-gua so-nho can-ção
        ven-to tar-de ma-nhã vo-ar sem-pre nun-ca tu eu meu luz paz voz rua sau-da-de que de a-qui""",
    "sv": """natt dag hjär-ta tid ljus dröm stjär-na him-mel eld vat-ten vind regn som-mar mor-gon kväll väg hem sång
        röst ö-ga hand blom-ma få-gel all-tid al-drig blå grön stil-la jag du vi och i""",
    "id": """cin-ta ma-lam ha-ri ha-ti wak-tu ca-ha-ya mim-pi bin-tang la-ngit a-pi a-ir a-ngin hu-jan pa-gi ja-lan
        ru-mah la-gu su-a-ra ma-ta ta-ngan bu-nga bu-rung se-la-lu a-ku ka-mu ki-ta dan di""",
}  # fmt: skip
ODDS: dict[str, dict[str, float]] = {  # who may sing on a side; some languages are only ever heard in tests
    "train": {"en": 8, "es": 2, "de": 1.5, "it": 1.5, "fr": 1.5, "fi": 1, "ja": 3},
    "test": {"en": 6, "ja": 3, "pt": 2, "sv": 2, "id": 2},
}
WORDLESS = ("la", "oh", "ah", "na", "hey", "ooh", "du")
KANA = {"la": "ら", "oh": "お", "ah": "あ", "na": "な", "hey": "へ", "ooh": "う", "du": "ど"}
REFRAINS = ("chorus", "prechorus", "refrain", "hook", "head")


@cache
def vocabulary(language: str) -> tuple[tuple[str, ...], ...]:
    """Words of a language, each as its syllables.

    >>> vocabulary("it")[0]
    ('a', 'mo', 're')
    """
    return tuple(tuple(word.split("-")) for word in VOCABULARY[language].split())


def language(words: tuple[str, ...]) -> str:
    """Name the language that most of the syllables belong to; Latin where fewer than half are in any list.

    >>> language(("co", "ra", "zón", "", "la"))
    'es'
    """
    found = {syllable for syllable in words if syllable}
    if any("\u3040" <= letter <= "\u30ff" for syllable in found for letter in syllable):
        return "ja"
    known = {name: {s for word in vocabulary(name) for s in word} for name in VOCABULARY}
    best = max(known, key=lambda name: len(found & known[name]))
    return best if len(found & (known[best] | set(WORDLESS))) * 2 >= len(found) else "la"


def put_words(rng: np.random.Generator, song: Song, style: Style, side: str) -> Song:
    """Give words to the leads that sing, one each for their notes; men sing an octave lower than women.

    side: "train", "valid" or "test", which has languages of its own. Now and then a second voice joins in the
    refrains, a third above: a part named "harmony".
    """
    names = [f"melody{i + 1}" if i else "melody" for i, lead in enumerate(style.leads) if lead.sings]
    parts: list[Part] = []
    tongue = weigh(rng, ODDS["test" if side == "test" else "train"])
    low, duet = rng.random() < 0.5, rng.random() < 0.3
    for part in song.parts:
        if part.words or part.drums or not len(part.notes):
            parts.append(part)
        elif part.name in names or (part.name == "melody-top" and part.program in VOICE[:4]):
            notes = part.notes.copy()
            if low and part.program in VOICE[:5] and np.median(notes[:, 2]) > 62:
                notes[:, 2] -= 12
            sung = replace(part, notes=notes, words=write_words(rng, notes, song.sections, tongue))
            parts.append(sung)
            if duet and (second := _harmony(sung, song)) is not None:
                parts.append(second)
        else:
            parts.append(part)
    return replace(song, parts=tuple(parts))


def write_words(
    rng: np.random.Generator, notes: np.ndarray, sections: tuple[tuple[float, float, str], ...], tongue: str
) -> tuple[str, ...]:
    """Write a syllable for each of (n, 4) notes; a refrain has the same text each time, a verse a new one.

    sections: (start, end, function) in quarters. tongue: language, a key of VOCABULARY.
    """
    out = [""] * len(notes)
    texts: dict[str, int] = {}
    melisma = float(rng.choice([0.02, 0.08, 0.2]))
    for start, end, name in sections or ((0.0, float("inf"), ""),):
        inside = np.flatnonzero((notes[:, 0] >= start - 0.6) & (notes[:, 0] < end - 0.6))
        seed = int(rng.integers(2**31))
        text = np.random.default_rng(texts.setdefault(name, seed) if name in REFRAINS else seed)
        for i, syllable in zip(inside.tolist(), _text(text, notes[inside], tongue, melisma), strict=True):
            out[i] = syllable
    for k, word in enumerate(out):
        if not word and (k == 0 or notes[k, 0] - notes[k - 1, 1] > 0.1):
            out[k] = _wordless("la", tongue)
    return tuple(out)


def _text(rng: np.random.Generator, notes: np.ndarray, tongue: str, melisma: float) -> list[str]:
    """Syllables for one section, word after word; slurred notes may share one."""
    words = vocabulary(tongue)
    queue: list[str] = []
    out: list[str] = []
    chant = _wordless(pick(rng, WORDLESS), tongue) if rng.random() < 0.12 else ""
    for i, (start, _, pitch, _) in enumerate(notes):
        slurred = i > 0 and start - notes[i - 1, 1] < 0.1 and pitch != notes[i - 1, 2]
        if slurred and rng.random() < melisma:
            out.append("")
            continue
        if not queue:
            queue = [chant] if chant else list(pick(rng, words))
            if not chant and rng.random() < 0.03:
                queue = [_wordless(pick(rng, ("oh", "ah", "hey")), tongue)]
        out.append(queue.pop(0))
    return out


def _wordless(syllable: str, tongue: str) -> str:
    return KANA[syllable] if tongue == "ja" else syllable


def _harmony(lead: Part, song: Song) -> Part | None:
    """Write the second voice: a third (or a fourth, where the chord has it) above the lead in the refrains."""
    refrains = [(a, b) for a, b, name in song.sections if name in REFRAINS]
    keep = [i for i, note in enumerate(lead.notes) if any(a - 0.6 <= note[0] < b - 0.6 for a, b in refrains)]
    if not keep or lead.notes[:, 2].max() > 77:
        return None
    used = np.bincount(lead.notes[:, 2].astype(int) % 12, minlength=12)
    notes = lead.notes[keep].copy()
    for note in notes:
        label = next((c for a, b, c in song.chords if a <= note[0] + 1e-6 < b), "N")
        tones = pitch_classes(label)
        above = [step for step in (4, 3, 5) if int(note[2] + step) % 12 in tones]
        note[2] += above[0] if above else max((3, 4), key=lambda step: used[int(note[2] + step) % 12])
        note[3] *= 0.85
    words = [lead.words[i] for i in keep]
    words[0] = words[0] or "ah"
    return Part("harmony", lead.program, notes, words=tuple(words))

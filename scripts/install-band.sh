#!/bin/sh
# Install what the band plays with. Safe to run again; needs Debian or Ubuntu, and root or sudo for apt.
set -eu
cd "$(dirname "$0")/.."

packages="
mma                              accompaniment in 2,000 grooves with exact chords and beats
fluid-soundfont-gm               sound bank, family A: training
musescore-general-soundfont-small  sound bank, family A: training
timgm6mb-soundfont               sound bank, family B: testing only
opl3-soundfont                   sound bank, family C: testing only
hydrogen-drumkits                drum kits, some for training, some for testing
hydrogen-data                    two more drum kits for training
espeak-ng                        speaks the syllables that singers sing
chromium                         looks at the pages in the tests
ffmpeg                           reads the sound files that soundfile cannot
"

missing=""
while read -r package purpose; do
    [ -n "$package" ] || continue
    if dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed"; then
        state="there"
    else
        state="to install"
        missing="$missing $package"
    fi
    printf '%-10s  %-34s  %s\n' "$state" "$package" "$purpose"
done <<LIST
$packages
LIST

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || {
        echo "install-band: no apt-get here; install these by hand:$missing (the sketch engine needs none of them)" >&2
        exit 2
    }
    root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "install-band: run as root, or install sudo, to install:$missing" >&2
            exit 2
        }
        root="sudo"
    fi
    $root apt-get update -q
    # shellcheck disable=SC2086  # a list of words
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

python=.venv/bin/python
[ -x "$python" ] || python=python3
if "$python" -c "import tinysoundfont" 2>/dev/null; then
    echo "there       tinysoundfont plays the sound banks"
else
    echo "to install  tinysoundfont plays the sound banks"
    # --no-deps: its dependency pyaudio is for live playing only and does not build without PortAudio
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install -q --no-deps tinysoundfont==0.3.7
    else
        uv pip install -q --python "$python" --no-deps tinysoundfont==0.3.7
    fi
fi

# singers: built here from source, with a C++ compiler and cmake
for package in pyworld==0.3.5 pysinsy==0.0.5; do
    name=${package%%==*}
    if "$python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$name') is None)"; then
        echo "there       $name sings"
    else
        echo "to install  $name sings"
        if "$python" -m pip --version >/dev/null 2>&1; then
            "$python" -m pip install -q "$package"
        else
            uv pip install -q --python "$python" "$package"
        fi || echo "install-band: $name could not be built; songs are played, not sung" >&2
    fi
done

"$python" - <<'CHECK'
from solfeggio.band.desk import banks, kits
from solfeggio.band.singing import voices

for bank in banks.banks():
    print(f"found       sound bank {bank.name}, family {bank.family} ({bank.licence})")
print(f"found       {len(kits.kits('train'))} drum kits for training, {len(kits.kits('test'))} for testing")
print(f"found       {len(voices.singers('train'))} singers" if voices.installed() else "missing     singers")
CHECK
echo "install-band: ready"

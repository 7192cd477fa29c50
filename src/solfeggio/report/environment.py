"""What this installation has to work with: versions, devices, extras, system tools, sound banks."""

from __future__ import annotations

import os
import platform
import re
import shutil
from importlib import metadata

import solfeggio
from solfeggio import bundle
from solfeggio.band.desk.banks import banks

PACKAGES = ("torch", "numpy", "soundfile", "soxr", "symusic", "jams", "mir_eval", "safetensors")
TOOLS = ("ffmpeg", "mma", "fluidsynth", "chromium")


def environment() -> dict[str, str]:
    """Describe the installation, name to value in words; reads no personal paths and asks no network."""
    import torch

    found = {
        "solfeggio": solfeggio.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    found |= {name: _version(name) or "missing" for name in PACKAGES}
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    found["devices"] = ", ".join(devices)
    for extra, needs in _extras().items():
        missing = [name for name in needs if not _version(name)]
        found[f"[{extra}]"] = f"lacks {', '.join(missing)}" if missing else "installed"
    found |= {tool: "found" if shutil.which(tool) else "not found" for tool in TOOLS}
    found["sound banks"] = ", ".join(sorted(bank.name for bank in banks())) or "none found"
    found["systems"] = ", ".join(bundle.names()) or "none installed"
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _extras() -> dict[str, list[str]]:
    """Packages that each extra asks for, from the package's own metadata."""
    extras: dict[str, list[str]] = {}
    for line in metadata.requires("solfeggio") or ():
        if extra := re.search(r"extra == ['\"](\w+)['\"]", line):
            extras.setdefault(extra[1], []).append(re.match(r"[\w.-]+", line)[0])  # type: ignore[index]
    return extras

"""Bundles: a trained system on disk as config.json, weights.safetensors and a generated card.md. No pickle.

config.json holds every setting, the facts of the training, the sha256 of the weights and a golden check: logits of one
second of noise made from a seed, which a loaded system must reproduce. Bundles that ship with the package lie in
``solfeggio/bundles/NAME``; the folder listing is the registry.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.errors import BundleError, unknown
from solfeggio.files import write_bytes

HOME = Path(__file__).parent / "bundles"
FACTS = ("data", "licence", "metrics", "seeds", "limits")


@dataclass(frozen=True, eq=False)
class Bundle:
    """What lies in a bundle's folder: ``config`` as written and the arrays by name."""

    name: str
    config: dict[str, Any]
    arrays: dict[str, np.ndarray]


def names() -> list[str]:
    """List the bundles that ship with the package.

    >>> "beats" in names()
    True
    """
    return sorted(path.parent.name for path in HOME.glob("*/config.json"))


def folder(name: str | Path) -> Path:
    """Find a bundle by name or by the path of its folder; raises ConfigError or BundleError."""
    if (HOME / str(name) / "config.json").is_file() and str(name) in names():
        return HOME / str(name)
    if (Path(name) / "config.json").is_file():
        return Path(name)
    if "/" in str(name) or "\\" in str(name) or Path(name).exists():
        raise BundleError(f"{name} is not a bundle", "it has no config.json", "give a bundle's name or its folder")
    raise unknown("bundle", str(name), names())


def describe(name: str | Path) -> dict[str, Any]:
    """Read a bundle's config.json without its weights."""
    path = folder(name) / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        missing = [key for key in ("system", "config", "sha256", "golden", "facts") if key not in config]
    except (ValueError, TypeError, OSError) as error:
        raise BundleError(f"{path} cannot be read", str(error), "install or train the bundle again") from None
    if missing:
        raise BundleError(f"{path} lacks {', '.join(missing)}", "it was not written by bundle.save", "save it again")
    return config


def load(name: str | Path) -> Bundle:
    """Read a bundle and verify the hash of its weights; raises BundleError when anything is missing or changed."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as parse

    home = folder(name)
    config = describe(home)
    try:
        data = (home / "weights.safetensors").read_bytes()
    except OSError as error:
        raise BundleError(f"{home.name}: weights cannot be read", str(error), "install the bundle again") from None
    if hashlib.sha256(data).hexdigest() != config["sha256"]:
        raise BundleError(
            f"{home.name}: weights differ from config.json", "their sha256 does not match", "install it again"
        )
    try:
        return Bundle(home.name, config, parse(data))
    except SafetensorError as error:
        raise BundleError(f"{home.name}: weights are damaged", str(error), "install the bundle again") from None


def save(
    path: Path,
    *,
    system: str,
    config: dict[str, Any],
    arrays: dict[str, np.ndarray],
    golden: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    """Write a bundle's folder; refuses, with BundleError, when one of ``FACTS`` is missing or empty.

    facts: data (what it was trained on, with licences), licence (of the weights), metrics (by test set, with
    intervals), seeds, limits (what it cannot do), and anything else worth keeping.
    """
    from safetensors.numpy import save as serialise

    missing = [fact for fact in FACTS if not facts.get(fact)]
    if missing:
        raise BundleError(f"{path.name} is not saved", f"it lacks {', '.join(missing)}", "state them in the recipe")
    data = serialise({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())})
    text = {
        "name": path.name,
        "system": system,
        "config": config,
        "parameters": int(sum(array.size for array in arrays.values())),
        "sha256": hashlib.sha256(data).hexdigest(),
        "golden": golden,
        "facts": facts,
    }
    written = json.dumps(text, indent=1) + "\n"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BundleError(f"{path} cannot be made", str(error), "choose another folder") from None
    write_bytes(path / "weights.safetensors", data, BundleError)
    write_bytes(path / "config.json", written.encode(), BundleError)
    write_bytes(path / "card.md", card(text).encode(), BundleError)


def card(config: dict[str, Any]) -> str:
    """Write the card of a bundle from its config.json: what for, what not for, data, numbers, licence, how made."""
    facts = config["facts"]
    lines = [f"# {config['name']}", "", str(facts.get("what", f"A trained `{config['system']}` system.")), ""]
    lines += [f"* parameters: {config['parameters']:,}", f"* licence of the weights: {facts['licence']}"]
    lines += [f"* seeds: {', '.join(map(str, facts['seeds']))}", "", "## What it cannot do", ""]
    lines += [f"* {limit}" for limit in facts["limits"]]
    lines += ["", "## Trained on", ""] + [f"* {line}" for line in facts["data"]]
    lines += ["", "## Numbers", ""]
    for test, scores in facts["metrics"].items():
        lines += [f"* {test}: " + ", ".join(f"{key} {value}" for key, value in scores.items())]
    rest = {key: value for key, value in facts.items() if key not in (*FACTS, "what")}
    if rest:
        lines += ["", "## How it was made", ""] + [f"* {key}: {value}" for key, value in rest.items()]
    lines += ["", "## Settings", "", "```json", json.dumps(config["config"], indent=1), "```", ""]
    return "\n".join(lines)

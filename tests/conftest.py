"""What tests share: a trained system to hear with, the real one where it is there and a tiny stand-in where not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side
settings.register_profile("same", derandomize=True)  # the same examples each time; HYPOTHESIS_PROFILE=default draws new
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

FACTS = {
    "what": "Beats and downbeats. A stand-in for tests.",
    "data": ["nothing"],
    "licence": "CC0-1.0",
    "metrics": {"none": {"F": "0.000"}},
    "seeds": [0],
    "limits": ["It is not trained."],
}


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles that holds one tiny, untrained ``beats``: it hears nothing in silence, something in sound."""
    import torch

    from solfeggio import run
    from solfeggio.listeners.beats import TINY

    home = tmp_path_factory.mktemp("bundles")
    torch.manual_seed(0)
    system = run.build("beats", TINY).eval()
    with torch.no_grad():
        system.head.weight *= 100
        system.head.bias -= system(system.prepare(torch.zeros(1, 22050)))["beats"].amax((0, 1)) + 5
    run.save(system, home / "beats", FACTS)
    return home


@pytest.fixture
def beats_home(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a ``beats`` bundle that ``run.load("beats")`` finds: the shipped one, else the tiny one."""
    from solfeggio import bundle

    if not (bundle.HOME / "beats" / "config.json").is_file():
        monkeypatch.setattr(bundle, "HOME", tiny_home)
    return bundle.HOME


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the systems of tests/toys listeners like those of the package: ``run.build("split")``."""
    from solfeggio import listeners

    monkeypatch.setattr(listeners, "__path__", [*listeners.__path__, str(Path(__file__).parent / "toys")])


@pytest.fixture
def split_home(toys: None, tmp_path: Path) -> Path:
    """A bundle of the toy separator: at 8 kHz, "low" is what lies below 1 kHz, "high" what lies above."""
    from solfeggio import run

    run.save(run.build("split"), tmp_path / "bundle" / "split", FACTS)
    return tmp_path / "bundle" / "split"

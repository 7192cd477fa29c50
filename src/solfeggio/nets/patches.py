"""Convolutional autoencoder of spectrogram patches, whose layers are features that nobody labelled anything for."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from solfeggio.errors import ConfigError


class PatchAutoencoder(nn.Module):
    """Encoder of 3 by 3 convolutions with ReLU and batch norm, each pooled by 2 over bins; a decoder that mirrors it.

    bins: of the patch, a multiple of 2 for each layer. channels: of each layer. Time is never pooled, so that a network
    trained on patches reads whole recordings, frame by frame.
    Shape: (batch, 1, bin, frame) in and out.

    Source: Wu and Lerch, "From labeled to unlabeled data: on the data challenge in automatic drum transcription", ISMIR
    2018.

    >>> net = PatchAutoencoder(32, (4, 2))
    >>> net(torch.zeros(1, 1, 32, 10)).shape, [tuple(x.shape) for x in net.activations(torch.zeros(1, 1, 32, 10))]
    (torch.Size([1, 1, 32, 10]), [(1, 4, 16, 10), (1, 2, 8, 10)])
    """

    def __init__(self, bins: int = 128, channels: tuple[int, ...] = (32, 16, 8, 4)):
        super().__init__()
        if bins % 2 ** len(channels):
            raise ConfigError(
                f"{bins} bins", f"{len(channels)} layers halve them", f"use {2 ** len(channels)} n of them"
            )
        sizes = (1, *channels)
        self.encoder = nn.ModuleList(nn.Sequential(*_layer(a, b), nn.MaxPool2d((2, 1))) for a, b in pairwise(sizes))
        mirrored: list[nn.Module] = []
        for size, following in zip(channels[::-1], (*channels[-2::-1], channels[0]), strict=True):
            mirrored += [nn.Upsample(scale_factor=(2, 1)), *_layer(size, following)]
        self.decoder = nn.Sequential(*mirrored, nn.Conv2d(channels[0], 1, 3, padding=1))

    def activations(self, patches: torch.Tensor) -> list[torch.Tensor]:
        """Return what each layer of the encoder gives, (batch, channel, bin, frame)."""
        found = []
        for layer in self.encoder:
            patches = layer(patches)
            found.append(patches)
        return found

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Return the patches as the narrowest layer remembers them."""
        return self.decoder(self.activations(patches)[-1])


def _layer(size: int, following: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(size, following, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(following)

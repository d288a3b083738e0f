"""Networks that others use for the same task, re-built from their papers; their weights are random, only time is taken.

musicnn: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging", ISMIR
late-breaking demo, 2019; the size trained on MagnaTagATune. CNN14: Kong et al., "PANNs: large-scale pretrained audio
neural networks for audio pattern recognition", IEEE/ACM TASLP 28, 2020. AST: Gong, Chung and Glass, "AST: audio
spectrogram transformer", Interspeech 2021, as it is in the package transformers.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from partita.features import mel_filters

MUSICNN_INPUT = (10, 187, 96)
"""Ten windows of 3 s: frames, mel bands."""
AST_INPUT = (3, 1024, 128)
"""Three windows of 10.24 s, which is how 30 s are covered: frames, mel bands."""
CNN14_RATE = 32_000


def parameters(network: nn.Module) -> int:
    """How many numbers training would set."""
    return sum(tensor.numel() for tensor in network.parameters())


class _FilterAndMaximum(nn.Module):
    """A convolution over (time, bands), rectified and normalised; the maximum over what is left of the bands."""

    def __init__(self, channels: int, frames: int, bands: int) -> None:
        super().__init__()
        self.around = (0, 0, (frames - 1) // 2, frames // 2)  # so that as many frames come out
        self.convolution = nn.Conv2d(1, channels, (frames, bands))
        self.normalise = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.normalise(self.convolution(F.pad(x, self.around)).relu_()).amax(3)  # (n, channels, frames)


class _TimeLayer(nn.Module):
    """A convolution of 7 frames over all channels, rectified and normalised."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, outputs, 7, padding=3)
        self.normalise = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.normalise(F.relu(self.convolution(x)))


class Musicnn(nn.Module):
    """Tall filters for timbre, long ones for rhythm; three dense layers along time; mean and maximum; 50 tags."""

    def __init__(self, tags: int = 50, middle: int = 64, units: int = 200) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(1)
        shapes = [(204, 7, 38), (204, 7, 67), (51, 128, 1), (51, 64, 1), (51, 32, 1)]  # 1.6 * 128 and 1.6 * 32 filters
        self.front = nn.ModuleList(_FilterAndMaximum(*shape) for shape in shapes)
        front = sum(shape[0] for shape in shapes)
        self.middle = nn.ModuleList([_TimeLayer(front, middle), _TimeLayer(middle, middle), _TimeLayer(middle, middle)])
        pooled = 2 * (front + 3 * middle)
        self.decision = nn.Sequential(
            nn.BatchNorm1d(pooled), nn.Linear(pooled, units), nn.ReLU(), nn.BatchNorm1d(units), nn.Linear(units, tags)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, frames, 96 bands) -> (n, tags)."""
        x = self.normalise(x[:, None])
        front = torch.cat([layer(x) for layer in self.front], 1)
        first = self.middle[0](front)
        second = first + self.middle[1](first)
        third = second + self.middle[2](second)
        every = torch.cat([front, first, second, third], 1)
        return torch.sigmoid(self.decision(torch.cat([every.amax(2), every.mean(2)], 1)))


class _Pair(nn.Sequential):
    """Two 3x3 convolutions, each normalised and rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        super().__init__(*layers)


class CNN14(nn.Module):
    """Six pairs of convolutions over a log-mel spectrogram of 64 bands that the network takes itself; 527 classes."""

    filters: Tensor
    window: Tensor

    def __init__(self, classes: int = 527) -> None:
        super().__init__()
        filters = mel_filters(CNN14_RATE, 1024, 64, 50.0, 14_000.0)
        self.register_buffer("filters", torch.from_numpy(filters))
        self.register_buffer("window", torch.hann_window(1024))
        self.normalise = nn.BatchNorm2d(64)
        widths = [1, 64, 128, 256, 512, 1024, 2048]
        self.pairs = nn.ModuleList(_Pair(widths[i], widths[i + 1]) for i in range(6))
        self.embedding = nn.Linear(2048, 2048)
        self.decision = nn.Linear(2048, classes)

    def forward(self, samples: Tensor) -> Tensor:
        """(n, samples at 32 kHz) -> (n, classes)."""
        spectrum = torch.stft(samples, 1024, 320, window=self.window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        x = 10 * (self.filters @ power).clamp_min(1e-10).log10()  # (n, 64, frames)
        x = self.normalise(x[..., None]).permute(0, 3, 2, 1)  # (n, 1, frames, 64)
        for number, pair in enumerate(self.pairs):
            x = pair(x)
            if number < 5:
                x = F.avg_pool2d(x, 2)
        x = x.mean(3)
        x = F.relu(self.embedding(x.amax(2) + x.mean(2)))
        return torch.sigmoid(self.decision(x))


def ast() -> nn.Module | None:
    """AST of the base size, which takes (n, 1024 frames, 128 bands); None where transformers is not installed."""
    try:
        from transformers import ASTConfig, ASTForAudioClassification
    except ImportError:
        return None
    network: nn.Module = ASTForAudioClassification(ASTConfig()).eval()
    return network

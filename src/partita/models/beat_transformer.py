"""beat-transformer: loops of a class, as tokens of beat-aligned log-mel, each drawn from a small transformer.

A quarter of a sixteenth is a patch of frames, a patch a few codes (`codebook.py`), and a bar 64 patches. The
transformer looks back over some bars; each of its heads learns a bias for every distance, so that "what was here a bar
ago" is one step away, and is told the place in the bar, the class and the tempo. The codes of a patch are decided one
after the other, each seeing those before it, as in the RQ-transformer (Lee et al., CVPR 2022).

The losses of the reports' generators (a mean, predicted frame by frame) can only give what stands still; drawing from a
distribution over codes gives events. Some of the codes in its input it draws itself in training, from what it expects
there, so that it learns to go on from its own mistakes (scheduled sampling, Bengio et al. 2015; in two passes, as
Mihaylova and Martins 2019 have it for transformers). Without that a stroke that was missed makes the next one less
likely, and the sound thins out. What codes leave over is drawn after them (`flow_decoder.py`), and what was learnt from
is kept, so that copies are told (`learnt.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.errors import UsageError
from partita.features import Array
from partita.models.attention import Block, Memory
from partita.models.base import Batch, Item, Recipe, adamw
from partita.models.codebook import Codebooks
from partita.models.flow_decoder import FlowDecoder, lessons
from partita.models.generator import COPIED, COPIED_SECONDS, Drawn, Progress, Request
from partita.models.layers import embedding
from partita.models.learnt import Learnt
from partita.models.optimizers import muon
from partita.models.patch_loops import PatchConfig, PatchModel, pace
from partita.sampling import draw

STILL = 42.0
"""A bar that is all so many decibels below the loudest counts as silent; of real bars 5 in 1,000 are."""
TRIES = 3
"""How often a bar is drawn until one is neither silent nor copied, before the bar before it is drawn again as well.

Silence, once begun, tends to go on, since codes like what was before; and so does a copy.
"""
MORE = 4
"""Bars that may be drawn for each that is wanted, beside it; when they are spent, every bar is taken as it comes."""
LEVELS = ("levels", "levels again", "levels once more")
"""Phases in which the flow learns, each by a bar of every stretch: it needs more steps than what codes are drawn by."""
SPREAD = 0.05
"""Deviation of embeddings before training."""


@dataclass(frozen=True)
class BeatTransformerConfig(PatchConfig):
    """A patch is `levels` codes out of `codes` each; `bars` are looked back over.

    `width`, `heads` and `layers` are the transformer's. In training `corruption` is the share of patches in its input
    that it draws itself, `dropout` falls on hidden units, and a stretch is moved by up to `shift` frames and made up to
    `gain` dB louder or softer, so that it is not the same codes every time. What codes leave over is drawn by
    `flow_layers` of `flow_width` units.
    """

    levels: int = 4
    codes: int = 512
    width: int = 256
    heads: int = 8
    layers: int = 4
    dropout: float = 0.15
    corruption: float = 0.25
    shift: int = 1
    gain: float = 1.7
    flow_width: int = 256
    flow_layers: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = (self.levels, self.codes, self.width, self.heads, self.layers, self.flow_width, self.flow_layers)
        if min(sizes) < 1:
            raise UsageError("levels, codes, width, heads, layers, flow_width and flow_layers are 1 or more")
        if self.width % self.heads or not 0 <= self.corruption < 1 or min(self.shift, self.gain) < 0:
            raise UsageError("width is a multiple of heads, corruption from 0 up and below 1, shift and gain 0 or more")


class BeatTransformer(PatchModel):
    """Predicts each patch of a bar from the bars before it."""

    name = "beat-transformer"
    Config = BeatTransformerConfig
    recipe = Recipe(
        steps=9_000,
        batch=8,
        learning_rate=2e-3,
        weight_decay=0.1,
        warmup=100,
        ema=0.998,
        validate_every=500,
        clip=1.0,
        bfloat16=True,
    )
    continues = True

    def __init__(self, config: BeatTransformerConfig) -> None:
        super().__init__(config)
        width = config.width
        self.codebooks = Codebooks(config.levels, config.codes, self.patch_size)
        self.learnt = Learnt(config.levels, config.codes)
        self.seen = nn.ModuleList(embedding(config.codes, width, SPREAD) for _ in range(config.levels))
        self.first = nn.Parameter(torch.zeros(width))
        self.place = embedding(self.patches_per_bar, width, SPREAD)
        self.label = embedding(max(1, len(config.labels)), width, SPREAD)
        self.tempo = nn.Linear(1, width)
        self.blocks = nn.ModuleList(
            Block(width, config.heads, self.context, config.dropout, wider=3, forgetting=0.2)
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.so_far = nn.ModuleList(embedding(config.codes, width, SPREAD) for _ in range(config.levels - 1))
        self.deciders = nn.ModuleList(Decider(width, config.codes) for _ in range(config.levels))
        self.dropout = nn.Dropout(config.dropout)
        self.flow = FlowDecoder(config.mels, max(1, len(config.labels)), config.flow_width, config.flow_layers)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, one layer of 48 units, 4 codes, a bar of context; recordings count as 120 beats a minute."""
        shape = {"mels": 16, "frames": 4, "levels": 2, "codes": 4, "bars": 1, "width": 48, "heads": 3, "layers": 1}
        plain = {"bpm": 120.0, "dropout": 0.0, "corruption": 0.0, "shift": 0, "gain": 0.0}
        shape |= {"flow_width": 16, "flow_layers": 1}
        return cls(BeatTransformerConfig(labels=("beat", "drone"), **shape, **plain))  # type: ignore[arg-type]

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Codes, Muon for what is inside, AdamW for their tables and what decides between them; then `LEVELS`."""
        inner = (self.blocks, *(decider.inner for decider in cast(list[Decider], list(self.deciders))))
        of_codes = [parameter for name, parameter in self.named_parameters() if not name.startswith("flow.")]
        of_levels = adamw(self.flow.parameters(), recipe)
        return {"codes": muon(of_codes, inner, recipe), **dict.fromkeys(LEVELS, of_levels)}

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Fit the codebooks and what they leave over, and keep the codes of all items."""
        self.codebooks.fit(self.drawn_patches(items, rng), rng)
        others = torch.from_numpy(self.drawn_patches(items, rng))  # what they are fitted to leaves too little over
        decoded = self.codebooks.decode(self.codebooks.encode(others))
        self.flow.fit(self._framed(others[:, None]), self._framed(decoded[:, None]))
        every = [self.codebooks.encode(torch.from_numpy(self.patches(item["levels"]))) for item in items]
        self.learnt.keep(torch.cat(every))

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches as `PatchModel.stretches` gives them, changed, and which patches are "corrupt" (n, context).

        In each of its phases the flow learns a bar of each stretch, as `lessons` gives them.
        """
        batch = self.stretches(items, rng)
        patches = self._changed(batch["patches"], rng)
        corrupt = torch.from_numpy(rng.random(tuple(batch["weight"].shape)) < self.config.corruption)
        taught = lessons(patches, batch["weight"].sum(1).int(), self.patches_per_bar, len(LEVELS), rng)
        return {**batch, "patches": patches, "corrupt": corrupt, **taught}

    def _changed(self, patches: Tensor, rng: np.random.Generator) -> Tensor:
        """Stretches (n, context, size), each a little earlier or later and louder or softer; silence stays silence."""
        c = self.config
        frames = patches.view(len(patches), -1, c.mels)
        moved = torch.stack([stretch.roll(int(rng.integers(-c.shift, c.shift + 1)), 0) for stretch in frames])
        most = c.gain / c.decibels
        gain = torch.from_numpy(rng.uniform(-most, most, (len(patches), 1, 1)).astype(np.float32))
        return torch.where(moved > 0, (moved + gain).clamp(0, 1), moved).view_as(patches)

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Nats per patch; of `LEVELS`, how far directions of the flow are off, a square of deviations."""
        if phase in LEVELS:
            bars, noise, time = (batch[name][:, LEVELS.index(phase)] for name in ("bars", "noise", "time"))
            decoded = self.codebooks.decode(self.codebooks.encode(bars))
            bars, decoded, noise = (self._framed(rows) for rows in (bars, decoded, noise))
            return {"loss": self.flow.loss(bars, decoded, noise, batch["label"], pace(batch["tempo"]), time)}
        codes = self.codebooks.encode(batch["patches"])
        seen = self._with_own_draws(codes, batch["corrupt"], batch["label"], batch["tempo"])
        nats = self.nats(codes, seen, batch["label"], batch["tempo"])
        return {"loss": (nats * batch["weight"]).sum() / batch["weight"].sum()}

    def _framed(self, patches: Tensor) -> Tensor:
        """Patches (n, count, size) as levels (n, frames, mels)."""
        return patches.reshape(len(patches), -1, self.config.mels)

    def _with_own_draws(self, codes: Tensor, corrupt: Tensor, label: Tensor, tempo: Tensor) -> Tensor:
        """Codes (n, patches, levels), those that are `corrupt` (n, patches) drawn from what it expects there."""
        seen, training = codes.clone(), self.training
        self.eval()  # it draws without dropout, too
        with torch.no_grad():
            x, drawn = self._known(codes, label, tempo)[corrupt], []
            for level, decider in enumerate(self.deciders):
                drawn.append(torch.multinomial(decider(x).float().softmax(-1), 1)[:, 0])
                if level < len(self.so_far):
                    x = x + self.so_far[level](drawn[-1])
            seen[corrupt] = torch.stack(drawn, -1)
        self.train(training)
        return seen

    def nats(self, codes: Tensor, seen: Tensor, label: Tensor, tempo: Tensor) -> Tensor:
        """Nats (n, patches) of `codes` (n, patches, levels), each after those of `seen` before it."""
        x = self._known(seen, label, tempo)
        total = torch.zeros_like(x[..., 0])
        for level, decider in enumerate(self.deciders):
            logits = decider(x)
            total = total + F.cross_entropy(logits.flatten(0, 1), codes[..., level].flatten(), reduction="none").view(
                total.shape
            )
            if level < len(self.so_far):
                x = x + self.so_far[level](codes[..., level])
        return total

    def _known(self, seen: Tensor, label: Tensor, tempo: Tensor) -> Tensor:
        """What is known at each place of those before it (n, patches, width)."""
        before = self.first.expand(len(seen), 1, -1)
        x = torch.cat([before, self._embedded(seen[:, :-1])], 1)
        places = torch.arange(seen.shape[1], device=seen.device) % self.patches_per_bar
        x = self.dropout(x + self.place(places) + self._told(label, tempo)[:, None])
        for block in self.blocks:
            x = block(x)
        return cast(Tensor, self.norm(x))

    def _embedded(self, codes: Tensor) -> Tensor:
        return torch.stack([table(codes[..., level]) for level, table in enumerate(self.seen)]).sum(0)

    def _told(self, label: Tensor, tempo: Tensor) -> Tensor:
        """What is known of the whole (n, width): class, and tempo between -1 and 1."""
        return cast(Tensor, self.label(label) + self.tempo(pace(tempo)))

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per patch of held-out recordings, in stretches of `bars`; how far the flow is off in first bars."""
        total, count, off, rng, device = 0.0, 0, 0.0, np.random.default_rng(0), self.first.device
        with torch.inference_mode():
            for item in items:
                label, tempo = torch.tensor([int(item["label"])]).to(device), torch.tensor(item["bpm"]).to(device)
                for number in range(0, max(1, len(item["levels"]) // self.bar), self.config.bars):
                    part = item["levels"][number * self.bar : (number + self.config.bars) * self.bar]
                    patches = torch.from_numpy(self.patches(part))[None].to(device)
                    codes = self.codebooks.encode(patches)
                    total += float(self.nats(codes, codes, label, tempo).sum())
                    count += codes.shape[1]
                bar = torch.from_numpy(self.patches(item["levels"][: self.bar]))[None]
                first = lessons(bar, torch.tensor([bar.shape[1]]), bar.shape[1], 1, rng)
                taught = {name: tensor.to(device) for name, tensor in first.items()}
                off += float(self.losses({**taught, "label": label, "tempo": tempo}, LEVELS[0])["loss"])
        return {"loss": total / count, "levels": off / len(items)}

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """Draw patch after patch; with a prompt, on from its last whole sixteenth."""
        self.check(request)
        wanted, step = self.wanted(request), self.seconds_per_frame(request.bpm) * self.config.patch
        known = self._prompted(request)
        lead_in = self.patches_per_bar if request.loop else 0  # so that the loop's first bar follows a bar
        codes, likeness = self._drawn(known, lead_in + wanted, lead_in, request, rng, progress)
        kept = min(len(known), self.patches_per_bar)
        codes = codes[-(wanted + kept) :]
        return Drawn(
            self._with_the_rest(codes, request, rng),
            (wanted + kept) * step,
            lead=kept * step,
            loop=request.loop,
            tokens=codes[:, 0].numpy(),
            likeness=likeness,
        )

    def _with_the_rest(self, codes: Tensor, request: Request, rng: np.random.Generator) -> Array:
        """Levels (mels, frames) of 0..255 of codes (patches, levels), with what they leave over."""
        decoded = self._framed(self.codebooks.decode(codes)[None])
        noise = torch.from_numpy(rng.standard_normal(tuple(decoded.shape), np.float32))
        label, tempo = torch.tensor([self.label_index(request.label)]), torch.tensor([request.bpm])
        with torch.inference_mode():
            return self.unpatched(self.flow.draw(decoded, label, pace(tempo), noise, request.loop))

    def _likeness(self, codes: Tensor, bpm: float, settled: int) -> float:
        """How like training two seconds in a row are, at most; stretches within the first `settled` patches aside."""
        c = self.config
        books = self.codebooks.books.view(c.levels, c.codes, c.patch, c.mels)
        patches = round(COPIED_SECONDS / (self.seconds_per_frame(bpm) * c.patch))
        return self.learnt.likeness(codes, books, patches, settled)

    def tokens(self, item: Item) -> NDArray[np.int64]:
        """The first code (patches,) of every patch of a prepared recording."""
        return self.codebooks.encode(torch.from_numpy(self.patches(item["levels"])))[:, 0].numpy()

    def _prompted(self, request: Request) -> Tensor:
        """The codes (patches, levels) of the prompt's whole sixteenths; none without one."""
        if request.prompt is None:
            return torch.zeros(0, self.config.levels, dtype=torch.int64)
        samples = request.prompt.mono(self.rate)
        levels = self.levels(samples / np.float32(max(float(np.abs(samples).max(initial=0)), 1e-4)), request.bpm)
        whole = len(levels) // self.config.frames * self.config.frames
        if not whole:
            raise UsageError(f"{request.prompt.name}: is shorter than a sixteenth, so there is nothing to go on from")
        return self.codebooks.encode(torch.from_numpy(self.patches(levels[:whole])))

    def _drawn(
        self,
        known: Tensor,
        count: int,
        lead_in: int,
        request: Request,
        rng: np.random.Generator,
        progress: Progress | None,
    ) -> tuple[Tensor, float]:
        """The codes of the prompt and of `count` patches after it, (patches, levels), and how like training they are.

        Bar after bar; one that is silent or copies training is drawn again, in the end together with the bar before it.
        The first `lead_in` patches may copy.
        """
        bar, heard, end = self.patches_per_bar, len(known) + lead_in, len(known) + count
        with torch.inference_mode():
            bars, turn, spare = [self._begun(known, request)], 0, MORE * -(-count // bar)
            while (left := end - len(bars[-1].rows)) > 0:
                drawing = bars[-1].copy()
                for _ in range(min(bar, left)):
                    self._go_on(drawing, request, rng)
                    if progress:
                        progress(len(drawing.rows) - len(known), count, "drawing")
                made, settled = torch.stack(drawing.rows), max(0, len(bars[-1].rows) - heard)
                likeness = self._likeness(made[heard:], request.bpm, settled)
                good = likeness < COPIED and not (left >= bar and self._is_still(made[-bar:]))
                if good or not spare:
                    drawing.likeness = max(drawing.likeness, likeness)
                    bars = [*bars[-TRIES:], drawing]  # the older ones would only fill the memory
                    turn = 0
                else:
                    turn, spare = turn + 1, spare - 1
                    if turn % TRIES == 0 and len(bars) > 1:
                        bars.pop()
        return torch.stack(bars[-1].rows), bars[-1].likeness

    def _begun(self, known: Tensor, request: Request) -> "Drawing":
        """What is known before the first patch that is drawn: the codes (patches, levels) of a prompt, or nothing."""
        told = self._told(torch.tensor([self.label_index(request.label)]), torch.tensor([request.bpm]))
        begin = max(0, len(known) - self.context + 1)  # what a prompt has before that is out of sight
        x = self.first[None] if begin == 0 else self._embedded(known[begin - 1][None])
        drawing = Drawing(list(known[:begin]), [(None, None)] * len(self.blocks), x, told)
        for codes in known[begin:]:
            self._look(drawing)
            self._take(drawing, codes)
        return drawing

    def _go_on(self, drawing: "Drawing", request: Request, rng: np.random.Generator) -> None:
        """Draw the next patch."""
        self._take(drawing, self._decide(self._look(drawing), request, rng))

    def _look(self, drawing: "Drawing") -> Tensor:
        """What is known at the next place (1, width)."""
        place = self.place.weight[len(drawing.rows) % self.patches_per_bar]
        hidden = (drawing.x + place + drawing.told)[:, None]
        for i, block in enumerate(cast(list[Block], list(self.blocks))):
            hidden, drawing.memory[i] = block.step(hidden, drawing.memory[i])
        return cast(Tensor, self.norm(hidden[:, 0]))

    def _take(self, drawing: "Drawing", codes: Tensor) -> None:
        """Go on from a patch of these codes (levels,)."""
        drawing.rows.append(codes)
        drawing.x = self._embedded(codes[None])

    def _is_still(self, codes: Tensor) -> bool:
        """Whether patches of these codes (n, levels) are as good as silent, as hardly a bar of real drums is."""
        return float(self.codebooks.decode(codes).max()) < 1 - STILL / float(self.config.decibels)

    def _decide(self, x: Tensor, request: Request, rng: np.random.Generator) -> Tensor:
        """Draw the codes (levels,) of one patch from what is known before it (1, width)."""
        codes: list[Tensor] = []
        for level, decider in enumerate(self.deciders):
            codes.append(torch.from_numpy(draw(decider(x).double().numpy(), rng, request.sampling)))
            if level < len(self.so_far):
                x = x + self.so_far[level](codes[-1])
        return torch.cat(codes)


@dataclass
class Drawing:
    """A drawing in progress: the codes (levels,) so far, what blocks remember, the last patch and what is told.

    `x` (1, width) stands for the patch before the next one, `told` (1, width) for the class and the tempo. `likeness`
    is how like training it is.
    """

    rows: list[Tensor]
    memory: list[Memory]
    x: Tensor
    told: Tensor
    likeness: float = 0.0

    def copy(self) -> Self:
        """Another one that goes on from here."""
        return replace(self, rows=list(self.rows), memory=list(self.memory))


class Decider(nn.Module):
    """What is known before a code, as logits of the code."""

    def __init__(self, width: int, codes: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU())
        self.outer = nn.Linear(width, codes)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., codes)."""
        return cast(Tensor, self.outer(self.inner(x)))

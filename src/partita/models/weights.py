"""Weights that somebody else trained: a safetensors file here, or one of the Hugging Face hub. Nothing is unpickled."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from partita.errors import CheckpointError, UsageError

HUB = "hub:"
HUB_FILE = "model.safetensors"


def read_weights(source: str) -> dict[str, Tensor]:
    """The tensors by name of a safetensors file, or of `hub:OWNER/NAME`, which is downloaded once and cached.

    Raises `CheckpointError` for a file that is missing or of another form, or a hub that does not answer, `UsageError`
    where the hub's library is not installed.
    """
    path = _download(source.removeprefix(HUB)) if source.startswith(HUB) else Path(source).expanduser()
    if not path.is_file():
        raise CheckpointError(f"{source}: no such file; weights are a .safetensors file or {HUB}OWNER/NAME")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{source}: not a safetensors file ({error}); a pickled .pth or .bin is never read: convert it elsewhere"
        ) from None


def _download(name: str) -> Path:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise UsageError(
            f"{HUB}{name}: the hub wants the package huggingface_hub (pip install 'partita[hub]'), or give a local file"
        ) from None
    try:
        return Path(hf_hub_download(name, HUB_FILE))
    except (OSError, ValueError) as error:  # its own errors are of these kinds, as are those of the network
        first = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{HUB}{name}: {HUB_FILE} can't be had from the hub ({first}); check name and network, or give a local file"
        ) from None

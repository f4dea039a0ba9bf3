"""Writes and reads a trained model: plain arrays and JSON under a manifest of SHA-256 sums, never a pickle."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from messages import InputError

FORMAT = 5
MAX_BYTES = 64 << 20
PRETRAINED = Path(__file__).parent / "pretrained"
_REBUILD = 'Run "make train" to rebuild it; for one of your own, "henji models --rollback" or "henji train".'


class ModelError(InputError):
    """A model that cannot be trusted: missing, damaged, or made for something else."""


def _canonical(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8")


def save_model(path: Path, arrays: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]) -> str:
    """Write one `.npy` file per array and `manifest.json`; returns the SHA-256 of the manifest, the model's name.

    The same arrays and settings give the same bytes.
    """
    path.mkdir(parents=True, exist_ok=True)
    sums = {}
    for name in sorted(arrays):
        file = path / f"{name}.npy"
        np.save(file, np.ascontiguousarray(arrays[name]), allow_pickle=False)
        sums[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    body = {"format": FORMAT, "files": sums, "settings": dict(settings)}
    name = hashlib.sha256(_canonical(body)).hexdigest()
    (path / "manifest.json").write_bytes(_canonical({**body, "sha256": name}))
    return name


def load_model(path: Path = PRETRAINED) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays by name and the settings, every byte verified before it is used.

    Raises ModelError when the folder is missing, a file is missing, too large or changed, or the format is another.

    >>> load_model(Path("nowhere"))
    Traceback (most recent call last):
    model.artifact.ModelError: No model at nowhere: manifest.json is missing. Run "make train" ...
    """
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise ModelError(f"No model at {path}: manifest.json is missing. {_REBUILD}")
    content = _read(manifest)
    try:
        body = json.loads(content)
        name = body.pop("sha256")
    except (ValueError, KeyError, AttributeError):
        raise _changed(manifest) from None
    if content != _canonical({**body, "sha256": name}) or hashlib.sha256(_canonical(body)).hexdigest() != name:
        raise _changed(manifest)
    if body["format"] != FORMAT:
        raise ModelError(f"The model at {path} has format {body['format']}, this Henji reads {FORMAT}. {_REBUILD}")
    arrays = {}
    for filename, expected in body["files"].items():
        data = _read(path / filename)
        if hashlib.sha256(data).hexdigest() != expected:
            raise _changed(path / filename)
        try:
            arrays[filename.removesuffix(".npy")] = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, MemoryError):  # no array, or a head that promises more than the file holds
            raise _changed(path / filename) from None
    return arrays, body["settings"]


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise ModelError(f"The model file {file} is missing. {_REBUILD}")
    if file.stat().st_size > MAX_BYTES:
        raise ModelError(f"The model file {file} is larger than {MAX_BYTES >> 20} MiB. {_REBUILD}")
    return file.read_bytes()


def _changed(file: Path) -> ModelError:
    return ModelError(f"The model file {file} was changed or damaged. {_REBUILD}")

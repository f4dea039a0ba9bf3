"""Which model is in use: the one that was promoted last on this machine, else the shipped one."""

import os
from functools import cache
from pathlib import Path

from model import classifier
from model.artifact import PRETRAINED, ModelError
from model.classifier import ScenarioClassifier

SHIPPED = "shipped"  # the name of the pretrained model beside those of retrained versions
VERSIONS = "versions"
POINTER = "current"  # one name a line, the one in use first, then those that were in use before it


def models_folder() -> Path:
    """Where retrained models live: `$HENJI_MODEL`, else the folder for this user's data."""
    if chosen := os.environ.get("HENJI_MODEL"):
        return Path(chosen)
    return _of_this_user()


@cache
def _of_this_user() -> Path:
    from platformdirs import user_data_path

    return user_data_path("henji", appauthor=False) / "models"


def names_in_use(folder: Path) -> list[str]:
    """The name of the model in use, then those that were before it; empty where none was ever promoted."""
    try:
        with open(os.path.join(folder, POINTER), encoding="utf-8") as pointer:
            return pointer.read().split()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f'{folder / POINTER} cannot be read ({error}). Run "henji models --use {SHIPPED}" to write it anew.'
        ) from None


def model_path(folder: Path, name: str) -> Path:
    """Where a model of this name lies."""
    return PRETRAINED if name == SHIPPED else folder / VERSIONS / name


def model_in_use(folder: Path | None = None) -> Path:
    """The model that `classify` reads. `$HENJI_MODEL` may also name the folder of one model.

    Raises ModelError when it is named and not there; there is no silent way back to the shipped model.

    >>> model_in_use(PRETRAINED.parent) == model_in_use(PRETRAINED) == PRETRAINED
    True
    """
    folder = folder or models_folder()
    if os.path.isfile(os.path.join(folder, "manifest.json")):  # asked for every message, and Path is slow to join
        return folder
    if os.environ.get("HENJI_MODEL") and not folder.is_dir():
        raise ModelError(f"HENJI_MODEL names {folder}, where there is no folder. Correct it, or take it away.")
    path = model_path(folder, next(iter(names_in_use(folder)), SHIPPED))
    if not os.path.isdir(path):
        raise ModelError(
            f"The model in use, {path.name}, is not at {path.parent}. "
            f'Run "henji models" for those that are there, and "henji models --use NAME".'
        )
    return path


def load_classifier(path: Path | None = None) -> ScenarioClassifier:
    """The classifier in use, or the one at a path; every file is verified first, scikit-learn is not imported.

    A promotion counts from the next call on. Raises ModelError when the model is missing, damaged, or made for other
    scenarios or features.
    """
    return classifier.load_classifier(path or model_in_use())

"""What all tests share: the shipped model, whatever was trained on this machine, and names that do not change."""

import os

from model.artifact import PRETRAINED

os.environ["HENJI_MODEL"] = str(PRETRAINED)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are called by their argument: packed ones hold the time, and processes side by side need the same names."""
    return argname if isinstance(val, bytes) else None

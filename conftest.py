"""Every test reads the shipped model, whatever was trained and promoted on this machine."""

import os

from model.artifact import PRETRAINED

os.environ["HENJI_MODEL"] = str(PRETRAINED)

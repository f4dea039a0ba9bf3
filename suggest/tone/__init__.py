"""The check of tone and policy: a reply in, findings out."""

from suggest.tone.rules import Finding as Finding
from suggest.tone.rules import Rule as Rule

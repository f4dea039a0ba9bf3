"""The check of tone and policy: a reply in, findings out."""

from suggest.tone.check import check as check
from suggest.tone.money import cap as cap
from suggest.tone.rules import Finding as Finding
from suggest.tone.rules import Rule as Rule

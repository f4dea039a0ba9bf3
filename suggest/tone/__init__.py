"""The check of tone and policy: a reply in, findings out."""

from suggest.tone.case import Case as Case
from suggest.tone.check import check as check
from suggest.tone.check import findings_of as findings_of
from suggest.tone.check import pipeline as pipeline
from suggest.tone.contacts import is_allowed_link as is_allowed_link
from suggest.tone.duplicates import Earlier as Earlier
from suggest.tone.duplicates import Said as Said
from suggest.tone.fix import corrected as corrected
from suggest.tone.money import cap as cap
from suggest.tone.money import number as number
from suggest.tone.reading import Reading as Reading
from suggest.tone.rules import Finding as Finding
from suggest.tone.rules import Rule as Rule
from suggest.tone.rules import RuleBook as RuleBook
from suggest.tone.rules import rule_book as rule_book
from suggest.tone.team import TeamRules as TeamRules
from suggest.tone.team import check_ids as check_ids

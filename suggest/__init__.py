"""What people wrote, templates and rules of tone, turned into a reply."""

from suggest.batch import Checked as Checked
from suggest.batch import Waiting as Waiting
from suggest.batch import check_batch as check_batch
from suggest.batch import compared as compared
from suggest.batch import said_by as said_by
from suggest.batch import suggest_batch as suggest_batch
from suggest.batch import with_repeats as with_repeats
from suggest.compensation import Money as Money
from suggest.fill import Fact as Fact
from suggest.policy import Policy as Policy
from suggest.policy import read_policy as read_policy
from suggest.reply import Suggestion as Suggestion
from suggest.reply import check_reply as check_reply
from suggest.reply import suggest as suggest
from suggest.reply import suggest_reply as suggest_reply

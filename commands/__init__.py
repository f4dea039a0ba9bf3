"""The `henji` command: each file parses the arguments of a few commands and calls what does the work."""

from commands import daily as daily
from commands import logs as logs
from commands import models as models
from commands import privacy as privacy
from commands import replies as replies
from commands.shared import app as app

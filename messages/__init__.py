"""What came in: an export → clean messages."""

from messages.clean import clean_message as clean_message
from messages.clean import find_order_ids as find_order_ids
from messages.errors import InputError as InputError
from messages.errors import LogError as LogError
from messages.explain import explain as explain
from messages.language import SUPPORTED_LANGUAGES as SUPPORTED_LANGUAGES
from messages.language import detect_language as detect_language
from messages.language import detect_languages as detect_languages
from messages.log import Log as Log
from messages.log import read_log as read_log
from messages.log import read_rows as read_rows
from messages.marketplaces import Marketplace as Marketplace
from messages.marketplaces import find_marketplace as find_marketplace
from messages.marketplaces import marketplace as marketplace
from messages.marketplaces import marketplaces as marketplaces
from messages.masked import masked_table as masked_table
from messages.order import Order as Order
from messages.order import Product as Product
from messages.privacy import mask as mask
from messages.privacy import mask_personal as mask_personal
from messages.purge import purge as purge
from messages.purge import read_retention as read_retention
from messages.replies import Replies as Replies
from messages.replies import Reply as Reply
from messages.replies import read_replies as read_replies

from messages.errors import InputError as InputError
from messages.language import SUPPORTED_LANGUAGES as SUPPORTED_LANGUAGES
from messages.language import detect_language as detect_language
from messages.language import detect_languages as detect_languages
from messages.marketplaces import marketplaces as marketplaces
from messages.order import Order as Order
from messages.privacy import mask as mask

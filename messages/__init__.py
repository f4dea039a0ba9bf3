from messages.errors import InputError as InputError
from messages.marketplaces import marketplaces as marketplaces
from messages.order import Order as Order
from messages.privacy import mask as mask

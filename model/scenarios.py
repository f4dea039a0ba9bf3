"""The scenarios and flags a message can have; `labels.md` says what each means."""

SCENARIOS = (
    "logistics_delay",
    "compatibility_presale",
    "usage_help",
    "returns",
    "compensation_demand",
    "other",
)

FLAGS = (
    "review_threat",
    "chargeback_or_a_to_z",
    "safety_or_injury",
    "legal_threat",
    "privacy_request",
    "contact_off_amazon",
    "abusive_language",
    "asks_for_person",
    "no_reply_needed",
    "unsupported_language",
    "suspicious",
    "two_topics",
)

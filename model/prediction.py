"""What the classifier says about one message."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prediction:
    """The scenario of a message, how sure that is, and what else is in it.

    `ranking` holds every scenario with its calibrated probability, the likeliest first. `also` lists further asks,
    `flags` the signs named in `model.scenarios.FLAGS`. When `sure` is False, `reasons` says why in words.
    `why` lists the words that decided, each with its weight for the scenario.

    >>> Prediction("logistics_delay", 0.97, language="en").sure
    True
    """

    scenario: str
    probability: float
    ranking: list[tuple[str, float]] = field(default_factory=list)
    also: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    language: str = "en"
    sure: bool = True
    reasons: tuple[str, ...] = ()
    why: list[tuple[str, float]] = field(default_factory=list)

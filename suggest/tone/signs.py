"""What must stand in a reply before it is worth while to look for something; all are found in one walk."""

import re

# How @ . and / are written so that filters miss them, over plain text
OPEN, CLOSE = r"[(\[{<] ?", r" ?[)\]}>]"
AT = rf"@|{OPEN}(?:at|a|arroba|arobase|chiocciola|アット|アットマーク|@){CLOSE}"
_AT_WORDS = (
    *(
        " at ",
        " aet ",
        "arroba",
        "arobase",
        "chiocciola",
        "アット",
        "あっと",
        "zeichen",
        "klammeraffe",
        "curly a",
        "a rond",
    ),
    *("(a)", "at*", "at *", "_at_", "-at-"),
)
DOT = (
    rf"{OPEN}(?:dot|punto|point|punkt|ドット|点|\.){CLOSE}|\b(?:dot|punto|point|punkt)\b|ドット|どっと"
    r"|_dot_|-dot-|\* ?dot ?\*|[·•∙⋅・。ᐧ․‧]"
)
DIGIT = "[0-9oil|〇零一二三四五六七八九]"  # digits, and letters that are written for them
GAP = r"[ \-./()ー~_*]{0,3}"
CURRENCIES = {  # how the names of currencies begin
    **dict.fromkeys(("eur", "ユーロ"), "EUR"),
    **dict.fromkeys(("gbp", "pound", "quid", "libra", "sterlin", "livre", "pfund", "ポンド"), "GBP"),
    **dict.fromkeys(("jpy", "yen"), "JPY"),
    **{"usd": "USD", "mxn": "MXN", "cad": "CAD", "aud": "AUD"},
    **dict.fromkeys(("dol", "buck", "peso", "ドル"), ""),  # whose dollars is not said
}


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


# re2 patterns of plain text by name
SIGNS = {
    "sign: letters before digits": r"[a-z]\d\d\d\d\d\d",
    "sign: @": AT,
    "sign: at": _any_of(_AT_WORDS),
    "sign: at s": "at s",
    "sign: dot": rf"[a-z0-9\-],? ?(?:{DOT}),? ?[a-z][a-z]",
    "sign: currency": _any_of((*CURRENCIES, *"$€£¥円")),
    "sign: share": "[%割パ]|cent|prozent|ciento",
}

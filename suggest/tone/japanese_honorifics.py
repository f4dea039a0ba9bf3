"""Honorific and humble forms in the wrong place: doubled, or for the wrong side (敬語の指針, 2007)."""

from collections.abc import Iterator

from suggest.tone.japanese_rules import Breach, listed
from suggest.tone.japanese_sentences import Word, Words


def honorific_breaches(words: Words) -> Iterator[Breach]:
    """Double honorifics, humble forms for the buyer, honorific forms for the seller.

    >>> from suggest.tone.japanese_sentences import words_of
    >>> said = ("お客様がおっしゃられた", "こちらはご利用できます", "弊社の佐藤がおっしゃる", "担当がお伺いします")
    >>> for text in said:
    ...     print([(b.rule, b.instead) for b in honorific_breaches(words_of(text))])
    [('ja-double-honorific', 'おっしゃった')]
    [('ja-humble-for-buyer', 'ご利用いただけ')]
    [('ja-honorific-for-self', '')]
    []
    """
    for i, look in enumerate([_LOOKS_AT.get(word.lemma) for word in words]):
        if look and i:
            yield from look(words, i)


def _double(words: Words, i: int) -> Iterator[Breach]:
    """お求めになられた, おっしゃられた, ご利用された; and 拝見された, which honours nobody."""
    verb = words[i - 1]
    if not words[i].pos.startswith("助動詞"):
        return
    if verb.lemma in listed("never_honoured") or (i > 1 and words[i - 2].text in listed("humble_nouns")):
        yield Breach("ja-humble-for-buyer", words.start(i - (verb.lemma == "為る") - 1), words.end(i))
    elif verb.lemma == "成る" and i > 2 and words[i - 2].text == "に" and _is_honorific_stem(words, i - 3):
        yield Breach("ja-double-honorific", words.start(i - 1), *_without_reru(words, i, "なる"))
    elif verb.lemma in listed("honorific_verbs") or verb.lemma == "下さる":
        yield Breach("ja-double-honorific", words.start(i - 1), *_without_reru(words, i, verb.base))
    elif verb.lemma == "成す" and i > 2 and words[i - 3].lemma == "御":  # ご注文なされた
        yield Breach("ja-double-honorific", words.start(i - 1), *_without_reru(words, i, "なさる"))
    elif verb.lemma == "為る" and verb.text == "さ" and i > 2 and words[i - 3].lemma == "御":
        is_passive = words[i - 2].text in listed("seller_acts") or words[i - 2].text in listed("pretty_words")
        if not is_passive:
            yield Breach("ja-double-honorific", words.start(i - 1), *_without_reru(words, i, "になる"))


def _is_honorific_stem(words: Words, i: int) -> bool:
    """True for the 求め of お求めになる and for ご覧, not for the 世話 of お世話になる."""
    word = words[i]
    if word.lemma == "御覧":
        return True
    if not i or words[i - 1].lemma != "御" or word.text in listed("pretty_words"):
        return False
    return word.pos.startswith("動詞") or word.pos.endswith("可能") or word.text[-1] in _VERB_STEM_ENDS


_VERB_STEM_ENDS = "いきぎしちにびみりえけげせてねべめれ"  # the noun 読み of お読みになる


def _without_reru(words: Words, i: int, base: str) -> tuple[int, str]:
    """The end of the breach and the verb without られる, in the form that the next word wants."""
    following = words[i + 1] if i + 1 < len(words) else None
    if words[i].text in ("れる", "られる"):
        return words.end(i), base
    if following and following.lemma in ("た", "て"):
        return words.end(i + 1), base[:-1] + "っ" + following.text
    if following and following.lemma == "ます":
        return words.end(i), base[:-1] + ("い" if base.endswith(("さる", "しゃる")) else "り")
    return words.end(i), ""


def _can(words: Words, i: int) -> Iterator[Breach]:
    """ご利用できます: what the buyer can do is ご利用いただけます."""
    if i < 2 or words[i - 2].lemma != "御" or any(w.text in listed("seller") for w in words[max(0, i - 30) : i]):
        return
    act, word = words[i - 1], words[i]
    is_denied = any(w.lemma in ("ない", "ず") for w in words[i + 1 : i + 3])
    if act.text in listed("buyer_acts") or (act.text == "確認" and not is_denied):  # 弊社ではご確認できません
        instead = words[i - 2].text + act.text + "いただけ" if word.text in ("でき", "出来") else ""
        yield Breach("ja-humble-for-buyer", words.start(i - 2), words.end(i), instead)


def _request(words: Words, i: int) -> Iterator[Breach]:
    """伺ってください, 拝見ください, ご確認してください: the buyer is asked to be humble."""
    word = words[i]
    yield from _humble_before(words, i)
    has_te = words[i - 1].lemma == "て"
    j = i - 1 - has_te
    if j < 0 or (word.lemma == "下さる" and word.text not in ("ください", "下さい")):
        return
    verb = words[j]
    is_light = has_te and verb.lemma in ("為る", "致す") and j > 0
    j -= is_light
    act, prefixed = words[j], j > 0 and words[j - 1].lemma == "御"
    start = words.start(j - 1) if prefixed else words.start(j)
    is_humble_act = is_light and prefixed and act.text not in listed("pretty_words")
    if word.lemma == "頂く" and is_humble_act:  # ご確認していただけますか
        yield Breach("ja-humble-for-buyer", words.start(j + is_light), words.end(i - 1), severity="hint")
    elif word.lemma == "頂く":  # 係員に伺っていただけますか
        if has_te and act.lemma in ("伺う", "拝見", "拝読", "申す", "参る"):
            yield Breach("ja-humble-for-buyer", start, words.end(i))
    elif act.lemma == "参る" and not has_te:  # お参りください is what one does at a shrine
        return
    elif act.lemma in listed("requests") and (has_te or prefixed or act.pos.startswith("名詞")):
        if act.lemma == "頂く" and j and words[j - 1].text not in ("を", "から", "に"):
            return
        honorific = listed("requests")[act.lemma]
        yield Breach("ja-humble-for-buyer", start, words.end(i), honorific and honorific + "ください")
    elif is_humble_act:
        yield Breach("ja-humble-for-buyer", start, words.end(i), words[j - 1].text + act.text + "ください")


def _humble_before(words: Words, i: int) -> Iterator[Breach]:
    """説明書を拝見してから…ください: who is asked to do the one does the other too."""
    if words[i].text not in ("ください", "下さい", "いただけ", "頂け"):
        return
    for j in range(i - 3, max(0, i - 30), -1):
        word, before = words[j], words[j - 1]
        if word.lemma in ("です", "ます") and words[j + 1].text != "たら":
            return
        if word.text in listed("seller"):
            return
        is_humble = word.text in listed("humble_nouns") or word.lemma == "伺う"
        is_framed = before.lemma == "御" and words[j + 1].lemma == "為る" and _is_asked(word)
        if (is_humble or is_framed) and _leads_on(words, j) and not _is_of_buyer(words, j - 1 - is_framed):
            yield Breach("ja-humble-for-buyer", words.start(j - is_framed), words.end(j))
            return


def _is_asked(word: Word) -> bool:
    """True for an act that is the buyer's to do: ご洗浄, お受け取り; not ご連絡 or お手入れ."""
    if word.text in listed("seller_acts") or word.text in listed("pretty_words"):
        return False
    return word.pos.endswith("サ変可能") or word.text in listed("asked_acts")


def _leads_on(words: Words, i: int) -> bool:
    """True if the verb at word i is joined to the next one: 拝見してから, 伺った後で, 拝見のうえ."""
    said = "".join(w.text for w in words[i + 1 : i + 5])
    return said.startswith(tuple(listed("leads_on")))


def _is_of_buyer(words: Words, i: int) -> bool:
    """True if what stands before is what the buyer sent; that, the seller looks at."""
    return i > 0 and words[i].text in ("を", "は") and words[i - 1].text in listed("from_buyer")


def _doubly_humble(words: Words, i: int) -> Iterator[Breach]:
    """ご拝見, お承り: humble already."""
    if words[i - 1].lemma == "御":
        yield Breach("ja-double-honorific", words.start(i - 1), words.end(i), words[i].text)


def _title(words: Words, i: int) -> Iterator[Breach]:
    """弊社の担当者様, 当店の田中さん: no title for one's own people."""
    noun = words[i - 1]
    is_person = noun.text in listed("staff") or noun.pos.startswith("名詞-固有名詞-人名")
    is_address = any(w.text in ("宛", "宛て", "あて", "向け") for w in words[i + 1 : i + 2])
    j = i - 1
    while is_person and j >= 0 and i - j < 8 and words[j].text not in listed("seller"):
        if not (words[j].text == "の" or words[j].pos.startswith(("名詞", "接尾辞"))):
            return
        j -= 1
    if is_person and not is_address and j >= 0 and words[j].text in listed("seller"):
        yield Breach("ja-honorific-for-self", words.start(i - 1), words.end(i), noun.text)


def _become(words: Words, i: int) -> Iterator[Breach]:
    """お申しになる, お伺いになる: a humble verb in an honorific frame."""
    is_frame = i > 2 and words[i - 1].text == "に" and words[i - 3].lemma == "御"
    if is_frame and words[i - 2].lemma in ("申す", "伺う", "致す", "拝見", "存ずる", "頂く"):
        yield Breach("ja-humble-for-buyer", words.start(i - 3), words.end(i))


def _itadaku(words: Words, i: int) -> Iterator[Breach]:
    """発送させていただく: a hint."""
    yield from _request(words, i)
    if i > 2 and words[i - 1].lemma == "て" and words[i - 2].lemma in ("させる", "せる"):
        yield Breach("ja-sasete-itadaku", words.start(i - 2), words.end(i))


def _extra_sa(words: Words, i: int) -> Iterator[Breach]:
    """送らさせて, 行かさせて."""
    verb = words[i - 1]
    is_extra = words[i].lemma == "させる" and verb.type.startswith("五段") and verb.form.startswith("未然形")
    if is_extra or verb.base in listed("extra_sa"):
        yield Breach("ja-extra-sa", words.start(i - 1), words.end(i))


def _subject(words: Words, i: int) -> Iterator[Breach]:
    """お客様が申した, 弊社の担当がおっしゃった: the first verb after a clear subject."""
    particle = words[i]
    if not particle.pos.startswith("助詞") or i + 1 >= len(words):
        return
    if particle.text == "の" and not words[i + 1].pos.startswith(
        "動詞"
    ):  # お客様の申された件, not お客様のご自宅に伺う
        return
    side = _side(words, i)
    verb = _first_verb(words, i) if side else 0
    if not verb:
        return
    is_close = particle.text == "が" and words[i + 1].pos != "補助記号-読点"
    if side == "buyer" and _is_humble(words, verb, is_close):
        yield Breach("ja-humble-for-buyer", words.start(verb), words.end(verb))
    if side == "thing" and words[verb].lemma == "いらっしゃる" and is_close:
        yield Breach("ja-honorific-for-self", words.start(verb), words.end(verb))
    if side == "seller" and is_close and _is_honoured_act(words, verb):
        yield Breach("ja-honorific-for-self", words.start(verb - 1), words.end(verb + 1))
    if side == "seller" and _is_honorific(words, verb):
        is_its_verb = particle.text == "が" or any(w.lemma == "ます" for w in words[verb + 1 : verb + 5])
        if is_its_verb:
            yield Breach("ja-honorific-for-self", words.start(verb), words.end(verb))


def _side(words: Words, i: int) -> str:
    """Whose act it is, by the noun before the particle: "buyer", "seller", "thing" or ""."""
    noun = words[i - 1]
    if noun.text in listed("things"):
        return "thing"
    if noun.text in listed("buyer"):
        return "buyer"
    if noun.text == "様" and i > 1:  # 田中様, {buyer_name}様, 購入者様, but not 配送業者様
        named = words[i - 2]
        is_buyer = named.pos.startswith("名詞-固有名詞-人名") or named.text in ("客", "皆", "}")
        is_customer = named.text == "者" and i > 2 and words[i - 3].text in ("購入", "注文", "利用")
        return "buyer" if is_buyer or is_customer else ""
    if noun.text in listed("seller"):
        return "seller"
    if noun.text in listed("own_titles") and (
        i < 2 or words[i - 2].text != "の"
    ):  # 店長がおっしゃって, not お客様の店長
        return "seller"
    j = i - 1
    while j >= 0 and words[j].pos.startswith(("名詞", "接尾辞")):
        j -= 1
    if j < 1 or words[j].text != "の":
        return ""
    is_person = noun.text in listed("staff") or noun.pos.startswith("名詞-固有名詞-人名")
    owner = words[j - 3] if j > 2 and words[j - 1].text in listed("staff") else words[j - 1]  # 弊社の担当の者が
    return "seller" if is_person and owner.text in listed("seller") else ""


def _first_verb(words: Words, i: int) -> int:
    """The first verb after word i, unless another subject or a long way lies between; 0 if there is none."""
    for j in range(i + 1, min(i + 16, len(words))):
        word = words[j]
        is_side = word.text in ("様", *listed("buyer")) or word.text in listed("seller")
        is_owner = is_side and words[j + 1 : j + 2] and words[j + 1].text == "の" and _is_object(words, j + 2)
        if is_owner:  # お客様のお写真を
            continue
        if is_side and j + 1 < len(words) and words[j + 1].text not in ("に", "を", "へ", "から", "まで", "と"):
            return 0
        if word.text in ("が", "は") and words[j - 1].pos.startswith(("名詞", "代名詞", "接尾辞")):
            return 0
        if word.pos.startswith(("動詞", "形容詞")) or word.lemma == "御覧" or word.text in listed("humble_nouns"):
            return j
        if word.lemma == "御" and j + 2 < len(words) and words[j + 2].lemma in ("為る", "致す", "に"):
            return j
    return 0


def _is_object(words: Words, i: int) -> bool:
    """True if nouns and を follow: お客様の / お写真を, not お客様の / おっしゃる."""
    while i < len(words) and (words[i].pos.startswith(("名詞", "接頭辞", "接尾辞")) or words[i].text == "の"):
        i += 1
    return i < len(words) and words[i].text in ("を", "と", "に") and words[i].pos == "助詞-格助詞"


def _is_humble(words: Words, i: int, is_close: bool) -> bool:
    """True if the verb at word i is humble; お…する counts only right after a subject with が."""
    word, following = words[i], words[i + 1 : i + 4]
    if word.lemma in listed("humble_verbs"):
        return True
    if word.text in listed("humble_nouns"):
        return bool(following) and following[0].lemma in ("為る", "致す")
    if word.lemma == "頂く" and is_close and words[i - 1].text == "が":  # お客様がいただいた商品
        return True
    if word.lemma != "御" or not is_close or len(following) < 3 or following[0].text in listed("pretty_words"):
        return False
    return following[1].lemma == "致す" or (following[1].lemma == "為る" and following[2].lemma not in ("れる", "て"))


def _is_honoured_act(words: Words, i: int) -> bool:
    """True if れる or くださる honours what the seller's people do: 検査員が確認された, 技術者が点検してくださった."""
    if words[i].lemma != "為る" or words[i - 1].text not in listed("staff_acts"):
        return False
    following = [w.lemma for w in words[i + 1 : i + 4]]
    return following[:1] == ["れる"] or following == ["て", "下さる", "ます"] or following == ["て", "下さる", "た"]


def _is_honorific(words: Words, i: int) -> bool:
    """True if the verb at word i is honorific: おっしゃる, お調べになる, ご覧になる, 確認なさる."""
    word, following = words[i], words[i + 1 : i + 4]
    if word.lemma in listed("honorific_verbs") or word.lemma == "御覧":
        return True
    if word.lemma != "御" or len(following) < 3 or following[1].text != "に" or following[2].lemma != "成る":
        return False
    return _is_honorific_stem(words, i + 1)


_LOOKS_AT = {
    "れる": _double, "られる": _double, "成る": _become, "出来る": _can, "下さる": _request, "頂く": _itadaku,
    "が": _subject, "は": _subject, "も": _subject, "の": _subject, "せる": _extra_sa, "させる": _extra_sa,
    "様": _title, "さん": _title, **dict.fromkeys(("拝見", "拝読", "拝受", "拝聴", "拝借", "承る"), _doubly_humble),
}  # fmt: skip

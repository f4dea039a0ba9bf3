"""Plain Japanese sentence ends put into です・ます, word form by word form."""

from suggest.tone.japanese_sentences import Word

_TO_I = dict(zip("うくぐすつぬぶむる", "いきぎしちにびみり", strict=True))
_TO_TE = dict(
    zip("うくぐすつぬぶむる", ("って", "いて", "いで", "して", "って", "んで", "んで", "んで", "って"), strict=True)
)
_ENDS_IN_I = ("下さる", "為さる", "仰る", "いらっしゃる", "御座る")  # くださいます, not くださります


def masu_stem(word: Word) -> str:
    """The form of a verb that takes ます; empty for what takes none.

    >>> from suggest.tone.japanese_sentences import words_of
    >>> [masu_stem(words_of(v)[-1]) for v in ("届く", "遅れる", "確認する", "来る", "くださる", "高い")]
    ['届き', '遅れ', 'し', '来', 'ください', '']
    """
    base = word.base
    if word.lemma in _ENDS_IN_I:
        return base[:-1] + "い"
    if word.type.startswith("五段") and base[-1] in _TO_I:
        return base[:-1] + _TO_I[base[-1]]
    if word.type.startswith(("上一段", "下一段", "助動詞-レル", "助動詞-ラレル")) and base.endswith("る"):
        return base[:-1]
    if word.type.startswith("サ行変格"):
        return base[:-2] + ("じ" if base.endswith("ずる") else "し")
    if word.type.startswith("カ行変格"):
        return "き" if base == "くる" else base[:-1]
    return ""


def te_form(word: Word) -> str:
    """The form of a verb that takes ください.

    >>> from suggest.tone.japanese_sentences import words_of
    >>> [te_form(words_of(v)[-1]) for v in ("押す", "待つ", "読む", "行く", "入れる", "確認する")]
    ['押して', '待って', '読んで', '行って', '入れて', 'して']
    """
    if word.lemma == "行く":
        return word.base[:-1] + "って"
    if word.type.startswith("五段") and word.base[-1] in _TO_TE:
        return word.base[:-1] + _TO_TE[word.base[-1]]
    stem = masu_stem(word)
    return stem + "て" if stem else ""


def polite_end(words: tuple[Word, ...], last: int) -> tuple[int, str]:
    """Where the predicate that ends at word `last` begins, and the same in です・ます ("" when we know none).

    >>> from suggest.tone.japanese_sentences import words_of
    >>> ends = ("電池切れである", "遅れた", "使えなかった", "壊れている", "新しい", "確認しろ", "教えてくれ", "送ろう")
    >>> for end in ends:
    ...     words = words_of(end)
    ...     first, polite = polite_end(words, len(words) - 1)
    ...     print("".join(w.text for w in words[first:]), polite)
    である です
    た ました
    なかった ませんでした
    いる います
    新しい 新しいです
    しろ してください
    くれ ください
    送ろう 送りましょう
    """
    word = words[last]
    before = words[last - 1] if last else None
    if word.lemma == "た" and before:
        return _past(words, last, before)
    if word.lemma in ("ない", "無い") and before:
        return _negative(words, last, before, "")
    if word.lemma == "有る" and before and before.text == "で" and before.lemma == "だ":  # 原因である
        return last - 1, "でしょう" if word.form == "意志推量形" else "です"
    if word.lemma == "だ":
        return last, "でしょう" if word.form == "意志推量形" else "です"
    if word.lemma == "です":  # 了解っす
        return last, "です"
    if word.lemma == "呉れる" and before and before.text in ("て", "で"):  # 送ってくれ
        return last, "ください" if word.form == "命令形" else "くださいます"
    if word.lemma == "為さる" and word.form == "命令形" and before and te_form(before):  # 押しなさい
        return last - 1, te_form(before) + "ください"
    if word.form == "命令形":  # 確認しろ
        return last, te_form(word) + "ください" if te_form(word) else ""
    if word.text in ("て", "で") and word.lemma == "て":  # 待って
        return last, word.text + "ください"
    stem = masu_stem(word)
    if word.form == "意志推量形":  # 送ろう
        return last, stem + "ましょう" if stem else ""
    if stem:
        return last, stem + "ます"
    if word.lemma == "たい" and word.form.startswith(("終止形", "連体形")):  # 努めたい
        return last, word.text + "と存じます"
    if word.type == "形容詞" and word.form.startswith(("終止形", "連体形")):  # 安い
        return last, word.text + "です"
    if word.pos.startswith(("名詞", "形状詞", "接尾辞")) and word.text not in ("こと", "よう"):  # 発送済み
        return last, word.text + "です"
    return last, ""


def _past(words: tuple[Word, ...], last: int, before: Word) -> tuple[int, str]:
    """た after its word: だった, なかった, 高かった, 届いた."""
    if before.lemma in ("ない", "無い") and last > 1:
        return _negative(words, last - 1, words[last - 2], "でした")
    if (
        before.lemma == "有る" and last > 1 and words[last - 2].text == "で" and words[last - 2].lemma == "だ"
    ):  # であった
        return last - 2, "でした"
    if before.lemma == "だ":
        return last - 1, "でした"
    if before.type in ("形容詞", "助動詞-タイ"):
        return last - 1, before.text + "たです"
    stem = masu_stem(before)
    if stem and before.text == stem:
        return last, "ました"
    return last - 1, stem + "ました" if stem else ""


def _negative(words: tuple[Word, ...], last: int, before: Word, past: str) -> tuple[int, str]:
    """ない after its word: ではない, 高くない, 届かない, 在庫がない."""
    if words[last].lemma == "無い" or words[last].pos.startswith("形容詞"):
        return last, "ありません" + past
    stem = masu_stem(before)
    if stem and before.text == stem:
        return last, "ません" + past
    return last - 1, stem + "ません" + past if stem else ""

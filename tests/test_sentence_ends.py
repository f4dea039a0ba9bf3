"""How Japanese sentences end, composed one by one: each alone, and inside a reply that is polite."""

import pytest

from suggest.tone.japanese import check_japanese

KIND_OF = {
    **dict.fromkeys(("ja-fragment-end", "ja-ellipsis"), "fragment"),
    **dict.fromkeys(("ja-casual-end", "ja-interjection", "ja-spoken-word"), "casual"),
    "ja-plain-end": "plain",
}

POLITE = [
    "本日、ヤマト運輸より発送いたしました。",
    "お届けは25日の午前中を予定しております。",
    "恐れ入りますが、注文番号をお知らせくださいませ。",
    "お手数ですが、底面の型番をご確認ください。",
    "交換品は明日こちらから発送します。",
    "返金の手続きは完了しております。",
    "この機種は100Vでのみお使いいただけます。",
    "赤いランプが点滅していませんでしょうか。",
    "組み立てやすさを考えて、ねじは二種類だけです。",  # やすさ is neither です nor ます
    "軽さと使いやすさが特長です",  # no stop
    "画面に「電池を交換しろ。」と表示された場合は、電源を入れ直してください。",  # a stop and an order inside quotes
    "説明書の『必ず乾かすこと。』の頁をご覧ください。",  # the same in a book
    "充電が終わりますと、ランプが緑に変わります。",
    "在庫は3点のみでございます。",
    "ご不便をおかけし、誠に申し訳ございません。",
    "担当の者が倉庫で確認しておりますので、少々お待ちくださいませ。",
    "こちらの商品は食洗機ではお使いになれません。",
    "部品だけを先にお送りしましょうか。",
    "ふたは右に回すと外れます",  # no stop
    "ご返送の送料は当店が負担いたします！",
    "お問い合わせの件、承知いたしました。",
    "ｺﾁﾗで再発送を手配いたします｡",  # half-width kana and stop
    "ＵＳＢケーブルは付属しておりません。",  # full-width Latin
    "明日中に届くと存じます。",
    "届かない場合は、お知らせいただけますと幸いです。",
    "取り付け方は次のとおりです。",
    "修理ではなく交換とさせていただきます。",
    "いつも当店をご利用いただき、ありがとうございます。",
    "到着まで今しばらくお待ちいただけますでしょうか。",
    "お届け先のご住所に変更はございませんか。",
    "「まだ届いていない」とのご連絡、確かに拝受いたしました。",  # the buyer's own words
    "型番：KX-200\n電圧：100V\n上記のとおりでございます。",  # labels
    "・電源を切る\n・フィルターを外す\n・水で洗う\n以上の順でお試しください。",  # a list in plain form
    "山田様\n\nご連絡ありがとうございます。\n\nコージーホーム\n佐藤",  # salutation and signature
    "【返品の手順】\nラベルを印刷して箱に貼ってください。",  # a heading
    "励みになるお言葉をいただき、うれしく思います。",
    "折り返しご連絡差し上げます。",
    "代金はすでにお戻ししてあります。",
    "お待たせして申し訳ございませんでした。",
    "開封後でもご返品いただけますので、ご安心ください。",
    "１．電池を抜く\n２．30秒待つ\n３．電池を入れ直す\nこれで直ることが多うございます。",  # begins with a number
    "お客様のおっしゃるとおりでした。",
    "ご希望でしたら、色違いもご用意できます。",  # what the seller can do
    "何かございましたら、いつでもお申し付けくださいませ",
    "返品期限は12月24日まででございますので、お急ぎになる必要はございません。",
]

PLAIN = [
    "商品は昨日倉庫を出た。",
    "返金は三日以内に終わる。",
    "この部品は別売りである。",
    "原因は電池の消耗だ。",
    "在庫はもうない。",
    "明日には届くだろう。",  # だろう, where でしょう is meant
    "送り状の番号はまだ分からない。",
    "ご指摘のとおり、説明書に誤りがあった。",
    "色は写真より少し薄い。",
    "交換品は本日発送済みである。",  # である
    "申し訳ないと思っている。",
    "返品は受け付けられない。",
    "取り付けには工具が要る",  # no stop
    "配送業者に問い合わせたが、返事はまだ来ていない。",
    "箱の中に保証書が入っているはずだ。",
    "充電には二時間かかる。",
    "破損の原因は輸送中の衝撃と考えられる。",
    "今回は返金で対応したい。",
    "ケーブルは純正品でなくても構わない。",
    "送料は当店で負担する。",
    "お客様が届け先を変更された。",  # honorific, and plain all the same
    "検品では問題がなかった。",
    "交換か返金かを選べる。",
    "担当者は倉庫におる。",  # おる and いる share a lemma
    "説明書の「はい。」に意味はない。",  # polite only inside the quote
    "ランプが消えれば充電は終わりだ。",
    "荷物は営業所に戻ってしまった。",
    "これで音が出るようになる。",
    "濡れた手で触ってはならない。",
    "本体は思ったより重かった。",
    "水に浸けて洗うのは避けるべきだ。",
    "この症状は故障ではなかった。",
    "住所に番地が抜けていたらしい。",
    "ﾗﾝﾌﾟは赤く点滅する｡",  # half-width
]

CASUAL = [
    "もうちょっと待って。",
    "明日送るね。",
    "了解っす。",  # っす has the lemma of です
    "それ、うちのミスっすね。",  # っす has the lemma of です
    "写真を送ってくれ。",  # くれ
    "箱を開けて中を見ろ。",
    "たぶん電池切れじゃない？",
    "返金しとくよ。",
    "届いたら教えてね！",
    "ごめん。",
    "ありがとう！",
    "わかった、すぐ直すよ。",
    "まだ届いてないんだけど。",
    "追跡番号は何番だっけ？",
    "それは困るなあ。",
    "来週には届くかも。",
    "説明書、読んでみて。",
    "やっぱり交換のほうがいいよね。",
    "番号を教えてちょうだい。",
    "電源は切っちゃだめだよ。",
    "すぐ送るから、待っててね♪",  # a mark in place of a stop
    "大丈夫だと思うよ〜",  # lengthening in place of a stop
    "もう送ったって。",  # what others say
    "早く連絡しなさい。",  # なさい
    "まあ、いいんじゃないかな。",
    "返品したいならどうぞ送ってよ。",
    "新しいの送ろうか？",
    "箱、捨てちゃった？",
    "それで直るはずだよん",
    "了解です、じゃあ明日送るわ。",
    "今すぐ電源を切れ！",
    "もう少し待ってろよ。",
    "写真ある？",
    "これでいいかな",
]

FRAGMENT = [
    "お届けは明日の午前中。",
    "返金の手続きは完了。",
    "原因は輸送中の衝撃。",
    "交換品は本日発送予定。",
    "送料は当店負担。",
    "追跡番号はのちほど。",
    "在庫は残り2点。",
    "まずは電源のご確認を。",
    "お客様のご希望どおりに。",
    "現在、倉庫で確認中。",
    "到着は最短で25日。",
    "取り付けは簡単。",
    "破損については写真にて。",
    "ご返送は着払いで。",
    "何卒ご確認のほど。",  # a set ellipsis, which is only a hint
    "次回のご注文もぜひ。",
    "説明書は箱の底に。",
    "型番はKX-200。",
    "本日中に対応。",
    "返品の受付は30日以内。",
    "あとは乾かすだけ。",
    "詳しくは商品ページにて。",
    "赤は売り切れ、青は在庫あり。",
    "ご利用には別途電池が必要。",
    "部品は来週入荷とのこと。",  # とのこと
    "お急ぎの場合は、その旨お知らせいただければ。",  # a set ellipsis, which is only a hint
    "電源を入れる前に、必ずフィルターを。",
    "交換も返金も可能。",
    "悪いけど、返品は無理。",  # talk before it, a noun at its end
]

ENDS = [
    (kind, sentence)
    for kind, sentences in (("polite", POLITE), ("plain", PLAIN), ("casual", CASUAL), ("fragment", FRAGMENT))
    for sentence in sentences
]
AROUND = "お問い合わせいただき、ありがとうございます。\n{}\nよろしくお願いいたします。"


def kinds(text: str) -> set[str]:
    return {KIND_OF[f.rule] for f in check_japanese(text) if f.rule in KIND_OF} or {"polite"}


@pytest.mark.parametrize(("kind", "sentence"), ENDS)
def test_a_sentence_end_is_polite_plain_casual_or_a_fragment_wherever_it_stands(kind: str, sentence: str) -> None:
    assert {"alone": kinds(sentence), "in a reply": kinds(AROUND.format(sentence))} == {
        "alone": {kind},
        "in a reply": {kind},
    }


ASKED = [
    ("写真ある？", "写真ありますか？"),
    ("たぶん電池切れじゃない？", "たぶん電池切れじゃありませんか？"),
    ("もう届いた？", "もう届きましたか？"),
    ("箱、捨てちゃった？", "箱、捨てちゃいましたか？"),
]


@pytest.mark.parametrize(("asked", "polite"), ASKED)
def test_a_plain_question_is_made_polite_with_its_particle(asked: str, polite: str) -> None:
    found = next(f for f in check_japanese(asked) if f.rule == "ja-casual-end")
    assert asked[: found.start] + found.instead + asked[found.end :] == polite


def test_a_sentence_over_two_lines_keeps_its_place() -> None:
    text = "お荷物は明日届くと\n存じております。返金は三日以内に終わる。"
    assert [(f.rule, text[f.start : f.end]) for f in check_japanese(text)] == [("ja-plain-end", "終わる")]


def test_what_is_kept_of_a_sentence_is_found_at_each_of_its_places() -> None:
    text = "返金は三日以内に終わる。\n" * 3
    assert [f.start for f in check_japanese(text)] == [8, 21, 34]

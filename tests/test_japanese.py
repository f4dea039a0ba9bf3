"""Japanese register: every rule's own sentences, whole mails as sellers write them, layout, places, hostile text."""

import random
import time

import pytest

from suggest.tone.japanese import check_japanese
from suggest.tone.japanese_rules import register_rules

PROOFS = [(rule.id, sentence) for rule in register_rules().values() for _, sentence in rule.flagged]
NEAR_MISSES = [(rule.id, sentence) for rule in register_rules().values() for _, sentence in rule.clean]


def broken(text: str) -> list[str]:
    """The rules that a reply breaks for certain."""
    return [f.rule for f in check_japanese(text) if f.severity != "hint"]


@pytest.mark.parametrize(("rule", "sentence"), PROOFS)
def test_a_rule_finds_its_sentences(rule: str, sentence: str) -> None:
    assert rule in [f.rule for f in check_japanese(sentence)]


@pytest.mark.parametrize(("rule", "sentence"), NEAR_MISSES)
def test_no_rule_fires_on_a_near_miss(rule: str, sentence: str) -> None:
    assert broken(sentence) == []


# Mails as sellers write them; nothing in them may be found
MAILS = [
    """山本 恵子 様

平素より当店をご利用いただき、誠にありがとうございます。
ハルノ雑貨店カスタマーサポートの三浦と申します。

このたびは、お届けした花瓶が割れていたとのこと、大変申し訳ございません。
お送りいただいたお写真を拝見し、配送中の衝撃によるものと判断いたしました。
つきましては、代替品を本日17時までに発送いたします。
割れた花瓶はお手数ですが、お住まいの自治体の区分に従って処分していただけますでしょうか。

ご不明な点がございましたら、本メッセージにご返信ください。
何卒よろしくお願い申し上げます。

━━━━━━━━━━━━━━
ハルノ雑貨店
カスタマーサポート　担当：三浦
受付時間：平日 10:00〜17:00（土日祝休み）
━━━━━━━━━━━━━━""",
    "お問い合わせありがとうございます。ご質問の充電台は、厚さ8mmまでのケースを付けたままお使いいただけます。"
    "金属のリングが付いたケースの場合は、充電が始まらないことがございますので、外してからお試しください。",
    """西村様、

ご連絡いただきありがとうございます。お探しの荷物は、11月20日に貴宅の最寄りの営業所へ到着しておりますが、
ご不在のため持ち戻りとなっております。再配達は、不在票に記載の番号へお電話いただくか、
配送会社のページからお申し込みいただけます。
保管期限は11月27日まででございます。""",
    "恐れ入りますが、返品の受付期間は商品到着後30日以内とさせていただいております。今回は期限内ですので、"
    "注文履歴の「商品の返品」からお手続きをお願いいたします。返送料は当店が負担いたします。",
    """【ご確認のお願い】
お世話になっております。
下記の内容でお間違いないでしょうか。

・お届け先：東京都港区
・ご希望日：12月3日
・時間帯：午前中

変更がございましたら、12月1日の正午までにお知らせください。""",
    "説明書のPDFをご用意しておりますので、商品ページの「製品ガイド」からダウンロードしていただけます。"
    "印刷した冊子をご希望でしたら、無料でお送りいたします。",
    "あいにく、こちらの色は完売いたしました。再入荷は12月10日を予定しております。お待ちいただける場合は、その旨を"
    "ご返信いただけますと幸いです。キャンセルをご希望の場合も、お気軽にお申し付けください。",
    """お客様

ご不便をおかけしております。電源が入らない件につきまして、次の手順をお試しください。

1. 充電ケーブルを抜き、10秒待つ。
2. 電源ボタンを15秒間長押しする。
3. ケーブルを挿し直し、30分充電する。

上記をお試しいただいても改善しない場合は、11月25日に代替品を発送いたします。""",
    "ご返送いただいた商品は、昨日、弊社の倉庫に到着いたしました。検品が完了いたしましたので、3,480円を本日ご返金いたします。"
    "カード会社によっては、明細への反映に5営業日ほどかかる場合がございます。",
    "お名前の刻印につきましては、発送後の変更を承ることができません。何卒ご了承くださいませ。",
    "ご指摘のとおり、商品ページの寸法に誤りがございました。正しくは幅24cmでございます。すでにページを修正いたしました。"
    "ご希望に沿わない場合は、送料当店負担にて返品を承ります。",
    "はい、対応しております。いいえ、変換アダプターは不要です。",
    "お荷物の追跡番号は 1234-5678-9012 です。"
    "最新の状況は https://www.amazon.co.jp/gp/css/order-history でご覧いただけます。",
    "領収書は、注文履歴の「領収書等」から発行していただけます。宛名のご指定はできませんので、ご了承ください。",
    "せっかくお待ちいただいておりましたのに、ご期待に沿えず心苦しい限りでございます。",
    "お客様のお怒りはごもっともです。再発防止のため、出荷前の検品を二人で行うことにいたしました。",
    "早速ご返信をいただき、恐縮に存じます。お写真から、左側の留め具が欠けていることを確認いたしました。",
    "ご希望のお届け日がございましたら、どうぞお知らせください！スタッフ一同、お待ちしております♪",
    """前田様
いつもお世話になっております
ルモラ販売の小林です

お問い合わせの件ですが、在庫がございます
本日15時までのご注文で、明日お届けいたします

ご検討のほどよろしくお願いいたします""",
    "こちらの商品は防水ではございませんので、浴室でのご使用はお控えいただいております。",
    "「つながらない」「音が途切れる」などの症状がございましたら、まずは本体を再起動してみてください。",
    "ご注文の確定後はキャンセルができかねますが、お受け取りをご辞退いただければ、ご返金の手続きをいたします。",
    "ご注文から発送までに2日ほど頂戴しております。お急ぎのところ恐れ入りますが、今しばらくお待ち願います。",
    "申し訳ありませんが、その機種には対応していないようです。お手元の型番をもう一度ご確認いただけないでしょうか。",
    "鈴木様からいただいたご意見は、開発部門と共有いたしました。次の生産分から、説明書に図を加えることになりました。",
    "商品の不具合により、お客様にご不快な思いをさせてしまいましたことを、心よりお詫び申し上げます。",
    "ラベルは明日の午前中に届くかと思います。届きましたら、箱の上面にお貼りください。",
    "お手数をおかけして恐縮ですが、破損した箇所のお写真を2枚ほどお送りいただけますか？",
    "配送会社の調査によりますと、お荷物は隣の棟の宅配ボックスに入っているとのことでした。暗証番号は不在票に書かれております。",
    "乾電池は付属しておりません。単3形を4本ご用意ください。充電池もお使いになれます。",
    "返品のご理由を「サイズが合わない」と承りました。代わりにLサイズをお送りすることもできますが、いかがいたしましょうか。",
    "先ほど担当の者が配送会社に電話し、明日の午前中に再配達できることを確認いたしました。",
    "ご家族の皆様に喜んでいただけたとのこと、私どもも大変うれしく思っております。",
    "こちらは海外からの発送となりますため、お届けまでに7日から10日ほどかかります。あらかじめご了承ください。",
    "もし届いた商品に不備がございましたら、30日以内にご連絡ください。無料で交換いたしますので、どうぞご安心くださいませ。",
    "消費税の計算に誤りがあったため、差額の120円を本日中に返金いたします。ご迷惑をおかけし、申し訳ございませんでした。",
    "保証書はございませんが、ご注文番号が保証書の代わりになります。保証期間はお届け日から1年間です。",
    "型番が分からない場合は、本体の底面のシールをご覧ください。「LM」で始まる6桁の番号でございます。",
    "フィルターは水洗いできます。洗った後は、日陰で一日乾かしてから取り付けてください。",
    "電源を入れる前に、保護シートをはがしていただく必要がございます。",
    """ご連絡ありがとうございます。

Ｑ．保証期間はどのくらいか
Ａ．1年間でございます。

Ｑ．海外でも使えるか
Ａ．100〜240Vに対応しておりますので、お使いいただけます。""",
    """お客様からのご質問
> 返品したいんだけど、送料はどっち持ち？

回答
送料は当店が負担いたします。着払い伝票をお送りいたしますので、12月5日までにご返送ください。""",
    "ご購入いただいたのは昨年の11月ですので、保証期間は今月末までとなります。お早めにお申し付けください。",
    "お写真の部品は、ふたの裏に取り付けるものだと思われます。図の3番をご覧いただけますでしょうか。",
    "お客様が返送された商品は、まだ倉庫に届いておりません。配送会社での追跡番号をお知らせいただけますか。",
    "ご都合のよい日時を二つほどお知らせいただけましたら、集荷の手配をいたします。",
    "お詫びといたしまして、次回からお使いになれる送料無料の設定をいたしました。",
    "安全のため、使用を中止し、コンセントからプラグを抜いてください。発煙や異臭はございませんでしたか。",
    "ご注文内容（2点）を確認したところ、1点が別の倉庫から発送されておりました（お届けは24日の予定です）。",
    "寒い日が続きますが、どうぞご自愛くださいませ。またのご利用を心よりお待ちしております。",
]


@pytest.mark.parametrize("mail", MAILS)
def test_no_rule_fires_on_a_natural_mail(mail: str) -> None:
    assert broken(mail) == []


# One slip in an otherwise good reply: the slip is found, and nothing else
SLIPS = [
    ("ご連絡ありがとうございます。{}よろしくお願いいたします。", "すでに発送した。", "た", "ました"),
    ("お待たせしております。{}今しばらくお待ちください。", "入荷は来週になる。", "なる", "なります"),
    ("お待たせしております。{}今しばらくお待ちください。", "入荷は来週になるようだ。", "だ", "です"),
    ("申し訳ございません。{}", "在庫が足りない。", "ない", "ません"),
    ("申し訳ございません。{}", "在庫がなかった。", "なかった", "ありませんでした"),
    ("申し訳ございません。{}", "お届けが遅れたのは大雪のためである。", "である", "です"),
    ("ご確認ありがとうございます。{}", "では明日発送しよう。", "しよう", "しましょう"),
    ("ご確認ありがとうございます。{}", "写真も送ってくれ。", "くれ", "ください"),
    ("ご確認ありがとうございます。{}", "ふたを閉めろ。", "閉めろ", "閉めてください"),
    ("ご確認ありがとうございます。{}", "少し待ってね。", "てね", "てくださいね"),
    ("ご確認ありがとうございます。{}", "金曜には届くだろう。", "だろう", "でしょう"),
    ("ご確認ありがとうございます。{}", "それは良かった。", "良かった", "良かったです"),
    ("ご確認ありがとうございます。{}", "お届けは金曜の見込み。", "見込み", "見込みです"),
    ("ご確認ありがとうございます。{}", "お届けは早い。", "早い", "早いです"),
    ("ご確認ありがとうございます。{}", "ありがとう！", "ありがとう", "ありがとうございます"),
    ("ご確認ありがとうございます。{}", "先ほどおっしゃられた件は解決いたしました。", "おっしゃられた", "おっしゃった"),
    ("ご確認ありがとうございます。{}", "保証書はご覧になられますか。", "なられ", "なり"),
    ("ご確認ありがとうございます。{}", "内容をご確認してください。", "ご確認してください", "ご確認ください"),
]


@pytest.mark.parametrize(("reply", "slip", "place", "instead"), SLIPS)
def test_one_slip_is_found_in_its_place_with_its_rewrite(reply: str, slip: str, place: str, instead: str) -> None:
    (finding,) = check_japanese(reply.format(slip))
    start = reply.index("{}") + slip.index(place)
    assert (finding.text, finding.start, finding.instead) == (place, start, instead)


LAYOUT = [
    ("ご返品は承れない\nよろしくお願いいたします", ["ja-plain-end"], "a line end ends a sentence"),
    ("ご返品は承れない", ["ja-plain-end"], "so does the end of the text"),
    ("商品は昨日発送した\n\nご確認ください。", ["ja-plain-end"], "and a blank line"),
    ("昨日、弊社の倉庫から発送した\n商品は、明日到着いたします。", [], "a line broken before the noun it describes"),
    ("お荷物、明日には届くと思うんだけど", ["ja-casual-end"], "a particle of talk at the end of the text"),
    ("もう届いてるの", ["ja-casual-end"], "another"),
    ("お届け先の\n\n郵便番号をお知らせください。", [], "a particle that ends nothing"),
    ("商品は明日到着する\nと伺っております。", [], "a line broken before a particle"),
    ("商品は明日到着する\r\nと伺っております。\r\n", [], "Windows line ends"),
    ("少々お待ちくださ\nい。", [], "a line broken inside a word"),
    ("・電源を切る。\n・10秒待つ。\n以上でございます。", [], "a list"),
    ("①電源を切る\n②10秒待つ\n以上でございます。", [], "circled numbers"),
    ("手順1：電源を切る。\n手順2：10秒待つ。", [], "numbered steps"),
    ("備考：置き配を希望する。\n承知いたしました。", [], "a label and its value"),
    ("備考：置き配。送料は当店が持つ。", ["ja-plain-end"], "prose behind a label's value"),
    ("手順は次のとおりです：まず電源を切る。", ["ja-plain-end"], "a colon after a sentence is no label"),
    ("※離島を除く。", [], "a note"),
    ("> まだ届かない。どうなってるんだ。\nお調べいたします。", [], "quoted mail"),
    ("画面に“待機中。確認せよ。”と出ます。", [], "English quotation marks"),
    ("「届かない。」とのお問い合わせを承りました。", [], "a full stop inside a quote"),
    ("（送料は当店が負担する。）", ["ja-plain-end"], "a sentence in brackets"),
    ("本日発送いたします（送料は無料）。", [], "a note in brackets"),
    ("本日発送する（送料は無料）。", ["ja-plain-end"], "a plain end before brackets"),
    ("Yahoo!ショッピングでもお取り扱いしております。", [], "an exclamation mark inside a name"),
    ("OK、すぐに送ります。", ["ja-interjection"], "OK before a comma"),
    ("届きますよ♪返金は明日！", ["ja-fragment-end"], "a mark between two sentences"),
    ("すぐ送るね♪少々お待ちください。", ["ja-casual-end"], "a plain end before a mark"),
    ("すぐ送るね😊少々お待ちください。", ["ja-casual-end"], "a plain end before an emoji"),
    ("ｺﾞ注文ﾉ商品ﾊ本日発送ｼﾏｼﾀ。", [], "half-width kana, polite"),
    ("ｵﾈｶﾞｲｼﾏｽ。", [], "half-width kana alone"),
    ("如果还有问题，请联系我们。", [], "Chinese is for another rule"),
    ("Thank you for your order.", [], "English too"),
    ("250-1234567-1234567", [], "a number"),
    ("", [], "nothing"),
]


@pytest.mark.parametrize(("text", "rules", "why"), LAYOUT)
def test_what_ends_a_sentence(text: str, rules: list[str], why: str) -> None:
    assert broken(text) == rules, why


PLACES = [
    ("ﾊﾞｯﾃﾘｰは別売りだ｡", "だ"),
    ("ケーフ\u3099ルは別売りである。", "である"),
    ("ＵＳＢ－Ｃには対応していない。", "ない"),
    ("明日\u200b届く\u200bはずだ。", "だ"),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_places_point_into_the_text_as_it_was_given(text: str, place: str) -> None:
    (finding,) = check_japanese(text)
    assert finding.text == text[finding.start : finding.end] == place


HOSTILE = [
    *("\ud800ありがとう。\udfff", "\x00届く\x00。", "\u202e届いた。"),
    "本日発送しました*",  # the last word has no features in the dictionary
    *(
        3000 * text
        for text in (
            "「",
            "(",
            "」。",
            "・\n",
            "ます",
            "が、",
            "れる",
            "お客様が",
            "😀",
            "ﾞ",
            "a@",
            "か\u3099",
            "届く\n",
            "？！",
        )
    ),
    *(9000 * text for text in ("ー", "お", "。", "\n", "1", "：", "w", "~", "…")),
    *(800 * text for text in ("http://", "{buyer_name}様", "【お知らせ】", "お客様が申された件、", "てね、")),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:4]))
def test_hostile_text_takes_linear_time_and_never_raises(text: str) -> None:
    started = time.perf_counter()
    for finding in check_japanese(text):
        assert finding.text == text[finding.start : finding.end]
    assert time.perf_counter() - started < 2


def test_any_characters_are_read() -> None:
    chance = random.Random(7)
    pieces = [
        "お客様が",
        "申した",
        "です",
        "。",
        "「",
        "」",
        "\n",
        "ﾊﾟ",
        "\u3099",
        "\ud83d",
        "（",
        "）",
        "1.",
        "w",
        "！",
        "て",
        "くれ",
        "😊",
        "：",
    ]
    for _ in range(400):
        text = "".join(chance.choices(pieces, k=chance.randrange(1, 30)))
        for finding in check_japanese(text):
            assert 0 <= finding.start < finding.end <= len(text)

"""The language of short, careless and mixed messages; what is no language of ours; what is none at all."""

# ruff: noqa: E501 – a case is one line

import time
from types import SimpleNamespace

import pytest

from messages import language
from messages.language import SUPPORTED_LANGUAGES, detect_language, detect_languages
from training.labelled import SAMPLES, read_labelled

OURS = {
    "en": """
        where is my order
        WHERE IS IT???
        its been 3 weeks wheres my parsel
        does this fit iPhone 15 Pro Max
        refund pls
        Good afternoon, I have lost the manual. Could you send one?
        how do i pair it w my tv
        thx works now
        dosnt charge anymore
        Is the Bosch GSR 12V compatible with this drill chuck?
    """,
    "de": """
        wo ist mein paket
        WO BLEIBT MEINE BESTELLUNG
        Hallo
        ist das fuer das Galaxy S24 geeignet
        moechte zurueckschicken, groesse passt nicht
        akku laedt nicht mehr
        Rechnung bitte
        Grüezi, chan ich das no umtusche?
        wie stelle ich die uhr um
        Danke, hat sich erledigt
        Passt das an die Bosch Serie 4?
    """,
    "fr": """
        ou est mon colis
        OU EST MA COMMANDE
        bonjour
        cest quoi la taille svp
        je veux etre rembourse
        ca marche pas du tout
        facture s'il vous plait
        est ce compatible avec une Peugeot 208 ?
        comment on le nettoie
        merci beaucoup tout va bien
        J'ai reçu le mauvais article
    """,
    "es": """
        donde esta mi pedido
        DONDE ESTA MI PAQUETE
        hola
        cuanto mide de largo
        quiero devolverlo
        no funciona, se apaga solo
        necesito factura con iva
        sirve para un Seat Ibiza?
        como se limpia el filtro
        muchas gracias ya llego
        me mandaron otro color wey
    """,
    "it": """
        dov'e il mio pacco
        DOVE SI TROVA IL MIO ORDINE
        buongiorno
        quanto e lungo
        vorrei restituirlo
        nn funziona piu
        mi serve la fattura
        va bene per la Fiat Punto?
        come si pulisce il filtro
        grazie mille tutto ok
        mi avete mandato il colore sbagliato
    """,
    "ja": """
        荷物はどこですか
        返品希望
        領収書発行
        未着
        住所変更
        至急連絡願
        適格請求書の件
        不良品
        商品未到着、返金希望
        iPhone 15 Pro Max 対応？
        USB-Cですか
        ﾏﾀﾞﾄﾄﾞｷﾏｾﾝ
        ﾃﾞﾝｹﾞﾝ ﾊｲﾗﾅｲ
        todokimasen
        henpin shitai desu
        sumimasen, tsukaikata ga wakarimasen
        itsu todokimasu ka
        ありがとう
        え
        Amazon Basics HDMI Cable High Speed 4K 対応ですか
    """,
}
OTHERS = """
    Waar blijft mijn pakket?
    Ik heb het verkeerde artikel ontvangen
    Onde está a minha encomenda?
    Não recebi o produto, quero meu dinheiro de volta
    Gdzie jest moje zamówienie?
    Siparişim nerede kaldı acaba?
    Var är mitt paket?
    Hvor er min pakke?
    On és la meva comanda? No ha arribat
    Unde este coletul meu?
    Kde je můj balík?
    Hol van a csomagom?
    Missä pakettini on?
    Pesanan saya belum sampai
    我的包裹在哪里
    什么时候发货
    請問什麼時候會到貨
    这个可以退吗
    주문한 상품이 아직 안 왔어요
    Где мой заказ?
    أين طلبي؟
    איפה ההזמנה שלי?
    Πού είναι το δέμα μου;
    สินค้ายังไม่มา
    मेरा ऑर्डर कहाँ है
"""
NOTHING = (
    "",
    " \n",
    "???",
    "302-7654321-1234567",
    "https://www.amazon.de/dp/B00SAMPLE2",
    "👍👍",
    "12,50 €",
    "x",
    "jkhgfd",
    "B00SAMPLE2",
    "ann@mail.example",
    "\ud800",
    "。、！",
)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("language", "text"), [(code, line) for code in OURS for line in lines(OURS[code])])
def test_our_languages(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", lines(OTHERS))
def test_other_languages(text: str) -> None:
    assert detect_language(text) == "other"


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_to_judge(text: str) -> None:
    assert detect_language(text) == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wo ist meine Bestellung 302-7654321-1234567? https://www.amazon.co.uk/dp/B00SAMPLE2", "de"),
        ("Il display scrive 'Error: device not found, please try again', cosa devo fare?", "it"),
        ("El manual solo viene en inglés (Press and hold the power button), ¿me lo pasan en español?", "es"),
        ("Der Verkäufer schrieb \"we ship tomorrow\", das war vor zwei Wochen!", "de"),
        ("The label says 日本製 but the box says made in China", "en"),
        ("説明書に \"Press and hold the power button for five seconds\" と書いてありますが、どのボタンですか。", "ja"),
        ("您好，我买的「ランプ」坏了，可以退吗", "other"),
        ("No", "en"),
        ("ok", ""),
    ],
)  # fmt: skip
def test_mixed_and_ambiguous(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_capitals_and_missing_accents_change_nothing() -> None:
    text = {
        "fr": "Le colis est arrivé abîmé, où dois-je le renvoyer ?", "es": "¿Cuándo llegará? Está todavía en tránsito", "it": "Perché è così? Il pacco non è più arrivato",
        "de": "Können Sie mir die Größe nennen? Ich möchte tauschen",
    }  # fmt: skip
    plain = str.maketrans("éîùà¿áèìòöüß", "eiua?aeioous")
    for code, sentence in text.items():
        assert detect_languages([sentence, sentence.upper(), sentence.translate(plain)]) == [code] * 3


def test_hostile_text_is_quick() -> None:
    start = time.process_time()
    texts = [
        "a" * 1_000_000,
        "あ" * 1_000_000,
        "\ud83d" * 100_000,
        "1-" * 500_000,
        "www." * 300_000,
        "\x00" * 1000,
        "e\u0301" * 100_000,
        "ﷺ" * 100_000,
    ]
    assert set(detect_languages(texts)) <= {*SUPPORTED_LANGUAGES, "other", ""}
    assert time.process_time() - start < 2


def test_where_words_decide_fasttext_is_not_asked_and_would_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [m.text for m in read_labelled(SAMPLES / "unseen")]
    decided = detect_languages(texts)
    asked = []
    fasttext = language._fasttext()
    counted = SimpleNamespace(predict=lambda *given, **how: asked.append(given) or fasttext.predict(*given, **how))
    monkeypatch.setattr(language, "_fasttext", lambda: counted)
    assert detect_languages(texts) == decided and len(asked) < len(texts) / 2
    monkeypatch.setattr(language, "_CERTAIN", 10_000)
    assert detect_languages(texts) == decided

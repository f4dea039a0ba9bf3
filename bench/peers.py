"""What a user could pick instead, beside which Henji is measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer

from model.classifier import NgramReader
from model.features import BITS, CHARACTER_NGRAMS, WORD_NGRAMS

_M, _ALL = 0x9E3779B97F4A7C15, (1 << 64) - 1


def bucket(kind: str, ngram: str) -> int:
    """The bucket of an n-gram, worked out in the plain way: from a string and Python's whole numbers."""
    if kind == "char":
        hashed = len(ngram)
        for c in ngram:
            hashed = hashed * _M + ord(c)
    else:
        first, *second = [sum(ord(c) * _M**i for i, c in enumerate(word)) for word in ngram.split(" ")]
        hashed = first * 31 + second[0] * _M + (1 << 41) if second else first + (1 << 40)
    hashed &= _ALL
    return ((hashed ^ hashed >> 32) * _M & _ALL) >> 64 - BITS


def scikit_learn(reader: NgramReader, temperature: float, texts: Sequence[str]) -> Any:
    """The n-gram reader as scikit-learn's own pipeline, for normalised texts made of the n-grams of these.

    Counts of n-grams, merged where they share a bucket, sublinear TF-IDF, a linear model.
    """
    counters = make_union(
        CountVectorizer(analyzer="char", ngram_range=(1, CHARACTER_NGRAMS[-1]), lowercase=False),
        CountVectorizer(token_pattern=r"[^\W_]+", ngram_range=WORD_NGRAMS, lowercase=False),
    ).fit(surrounded(texts))
    names = [name.split("__", 1) for name in counters.get_feature_names_out()]
    buckets = [bucket("char" if kind == "countvectorizer-1" else "word", ngram) for kind, ngram in names]
    merge = sparse.csr_matrix((np.ones(len(names)), (range(len(names)), buckets)), shape=(len(names), 1 << BITS))
    idf = reader.idf * reader.idf_step.astype(float)
    tfidf = TfidfTransformer(sublinear_tf=True).fit(sparse.eye(1, 1 << BITS))
    tfidf.idf_ = idf
    linear = LogisticRegression()
    n_scenarios = reader.weights.shape[1] // 2
    linear.classes_ = np.arange(n_scenarios)
    alone = reader.weights[:, :n_scenarios] * reader.steps[:n_scenarios].astype(float)
    linear.coef_ = (alone / idf[:, None] / temperature).T.copy()
    linear.intercept_ = reader.bias[:n_scenarios] / temperature
    return make_pipeline(
        FunctionTransformer(surrounded), counters, FunctionTransformer(merge.__rmatmul__), tfidf, linear
    )


def surrounded(texts: Sequence[str]) -> list[str]:
    """Texts with the blank before and after that character n-grams see."""
    return [f" {text} " for text in texts]

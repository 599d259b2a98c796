import skops.io  # noqa: TID253

from keepwell.features.transforms import TermWeights

TEXTS = ["a good day", "no good\ttea\u2028today", "grüße, good bye", "x\x1cy tea", ""]


def test_comes_back_from_storage_as_it_was() -> None:
    for settings in ({"ngram_range": (1, 2)}, {"analyzer": "char_wb", "ngram_range": (2, 5)}):
        fitted = TermWeights(**settings).fit(TEXTS)
        data = skops.io.dumps(fitted)
        kind = "keepwell.features.transforms.term_weights.TermWeights"
        back = skops.io.loads(data, trusted=[kind])
        assert back.vocabulary_ == fitted.vocabulary_
        assert (back.transform(TEXTS) != fitted.transform(TEXTS)).nnz == 0


def test_stores_a_vocabulary_as_one_text() -> None:
    fitted = TermWeights().fit([" ".join(f"word{number}" for number in range(5000))])
    assert len(skops.io.dumps(fitted)) < 250_000


def test_an_unfitted_one_can_be_stored_too() -> None:
    assert not hasattr(skops.io.loads(skops.io.dumps(TermWeights()), trusted=[
        "keepwell.features.transforms.term_weights.TermWeights"
    ]), "vocabulary_")  # fmt: skip

import numpy as np
from pictures import encoded, stripes

from keepwell.deployment.scoring.parts import build_step, read_step
from keepwell.features.transforms.picture_parts import PictureParts


def test_compiled_equals_original() -> None:
    texts = [encoded(stripes(upright, seed)) for seed in range(4) for upright in (True, False)]
    texts.append("")
    fitted = PictureParts().fit(texts)
    step = build_step(read_step(fitted))
    expected = fitted.transform(texts)
    assert (step.batch([np.array(texts, dtype=object)]) == expected).all()
    assert [step.row([text]) for text in texts] == expected.tolist()
    assert step.batch([np.empty(0, dtype=object)]).shape == (0, expected.shape[1])

"""Neural networks as graphs: what they are once they are fitted, and what runs them.

A network is learnt in PyTorch and kept as ONNX. Its answers come from onnxruntime from then on, in training's
measurements and in the workers alike, so nobody who asks it needs PyTorch.

    network = NetworkClassifier().of(graph, classes=[0, 1], width=3072)
    network.predict_proba(rows)

Law: rows are run one by one, so what is answered to a row does not depend on its neighbours, to the bit.
"""

"""How each kind of pretrained model is asked: one file for each."""

"""Features beyond the columns: what the project declares, what is found to pay, and what each is worth.

checked     declared steps and features fit the columns, and none of them gives the target away
engineered  candidates made, probed on the folds, kept where the gain pays
effects     what each column is worth to the model, and what declared steps did
"""

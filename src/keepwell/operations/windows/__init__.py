"""Features that look at earlier rows: declared once, calculated for training, kept up for requests.

`declaring` adds their columns to the data set and writes into a version what it needs when it is served.
`keeping` keeps what happened lately: from the training data, from files, from whoever hands it in.
`asking` completes rows that do not come through an endpoint.
"""

"""Rows in clusters: which rows are alike, how many kinds there are, and what is typical of each.

A clustering that was found is stated as the classifier that it equals: k-means as a logistic regression over
its centres, a mixture of bell curves as a Bayes classifier. So it is served, compiled and exported like any
classifier, and a row has a probability of each cluster.
"""

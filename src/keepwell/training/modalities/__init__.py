"""Data that is not a table of numbers and labels: texts and images, each learnt in a way of its own."""

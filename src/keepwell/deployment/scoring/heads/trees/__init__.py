"""Scikit-learn's trees, walked by LightGBM's library, which takes 17 µs where scikit-learn takes 5 ms."""

"""Forecasts: later values of one or many series, from earlier ones, the calendar and what is known.

One model answers for all steps ahead and all series. Candidates are compared by backtesting: the model is
fitted to what came before, and asked for one horizon after the other.
"""

"""Other people's searches as learners (extra `automl`): each gets a share of the budget."""

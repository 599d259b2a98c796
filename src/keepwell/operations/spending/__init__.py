"""What the project's machines cost: the books, the budget, what waits for nobody, and who ends it."""

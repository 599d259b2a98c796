"""How long the stages of a request take, and whose trace it is part of, where somebody asks for that."""

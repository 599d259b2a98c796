"""What a text is made of, and how its terms are found and weighted."""

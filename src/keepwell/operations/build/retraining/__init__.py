"""What a retraining does: a challenger from the source, and its comparison with the champion."""

"""Pictures: networks of convolutions, from nothing or from a pretrained model."""

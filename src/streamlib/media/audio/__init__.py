"""Sound: samples in and out of codecs, and the processors that encode it."""

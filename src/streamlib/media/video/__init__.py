"""Pictures: in and out of codecs, and the processors that scale and encode them."""

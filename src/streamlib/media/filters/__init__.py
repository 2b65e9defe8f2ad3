"""Filters of libavfilter: what FFmpeg writes behind `-vf`, `-af` and `-filter_complex`."""

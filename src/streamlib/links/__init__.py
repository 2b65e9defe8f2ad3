"""Through what frames travel: the running form of a link, from the writing port to the reading one.

A frame's way: `writer` → `ring` (between threads) or the reader's slot (inside one loop) → `wake` → `reader`.
`channel` is the link as a whole: which form it has now, and its counters. Nothing here knows what a frame is,
which processor holds an end, or what a graph is.
"""

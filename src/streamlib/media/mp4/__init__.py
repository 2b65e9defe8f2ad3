"""MP4 files: `writer` is the processor; `encoder`, `muxer` and `formats` are its steps, in this order."""

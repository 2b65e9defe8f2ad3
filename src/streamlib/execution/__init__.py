"""What runs processors: the loop of a thread, the processors in it, and what starts and stops such threads.

`strategy` is what a scheduler delegate may choose; `instance` is one processor while it lives; `loops` calls
instances, `inlining` arranges those that share a loop; `thread_runner`, `inline_runner` and `manual_runner`
say on which thread a loop runs. Nothing here knows the graph.
"""

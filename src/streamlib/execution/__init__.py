"""What runs processors: the chain that a thread calls, the thread's day around it, and what starts such threads.

`strategy` is what a scheduler delegate may choose; `instance` is one processor while it lives; `chain` calls
instances, as `inlining` has arranged them; `loops` says when, and makes the `changes` that others want;
`thread_runner` gives a loop its thread. Nothing here knows the graph.
"""

"""What users hold: the runtime, its builder, edits and handles, and the bridge to plain Python code.

Next on the path of a change: `runtime` → `edit` → `committer` → `streamlib.compiler`. `lifecycle` has the verbs
(start, stop, pause, resume, wait), `ticket` says when a commit was done, `completion` when everything has ended.
"""

"""Who decides: three delegates, each with a default, each an object with at least one of its methods.

`factory` makes processors, `processor` is asked and told about their lifecycle, `scheduler` chooses where they
run. What an object lacks is the default's; the compiler calls them through `Delegates`.
"""

"""The contract between processors and the engine; a processor sees nothing else of StreamLib than this and frames."""

"""How what travels is described: field types, schemas and their versions, descriptors of processors and ports."""

"""How things are called and said: vocabulary, columns, tables, numbers, methods, in French and English."""

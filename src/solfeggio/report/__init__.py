"""Pages, pictures and sound: what people see and hear of an answer. Everything is one self-contained file."""

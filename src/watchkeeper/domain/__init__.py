"""The words: frozen values of the nouns of this project. No I/O, no clock."""

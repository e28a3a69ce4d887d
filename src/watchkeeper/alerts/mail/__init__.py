"""A message as an e-mail: text, HTML and a picture."""

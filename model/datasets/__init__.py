"""One module per source of data; each says what it reads, under which licence, and what it gives."""

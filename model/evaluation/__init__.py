"""What model.evaluate measures: the words it hears, the curves it makes, and the page that shows them."""

"""Everything between a request and a page: who asks, what they may read, and the answer as HTML, JSON or file."""

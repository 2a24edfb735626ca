"""What the formats of linked data share: numbers and facts of a programme, what must be declared, outside shapes."""

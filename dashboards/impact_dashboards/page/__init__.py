"""What a page is: an address, and the blocks it is answered with."""

"""`portico explain`: this project's flow, its files line by line, and any name of them."""

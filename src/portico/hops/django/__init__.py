"""hop django: what Django says about itself."""

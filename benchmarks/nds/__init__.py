"""Network Design Spaces: families of residual and plain networks in stages, and what the authors' files say of them."""

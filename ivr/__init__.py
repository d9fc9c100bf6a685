"""The call controller: protocols, recognisers, the domain of steering, and the story of one call."""

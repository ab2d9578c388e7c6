"""The pretraining lab: small BERTs that learn while somebody watches, each in its own process."""

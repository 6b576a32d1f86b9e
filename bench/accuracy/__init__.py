"""The accuracy of networks."""

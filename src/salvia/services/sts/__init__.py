"""AWS Security Token Service: who am I, and who may I become."""

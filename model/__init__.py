"""Training of the network: PyTorch. Imports lipsync_addon.core and inference; nothing in the add-on imports it."""

"""Runs the network: core and onnxruntime."""

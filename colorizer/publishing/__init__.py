"""Giving the weights and the page to others: the Hugging Face Hub, a Space, other runtimes.

colorizer card weights/           # the model card
colorizer publish owner/name         # weights to the Hub
colorizer deploy owner/space             # the page to a Space
colorizer export --format onnx -o FILE  # the network for other runtimes
"""

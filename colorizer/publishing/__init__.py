"""Giving the weights and the page to others: the Hugging Face Hub, a Space, other runtimes.

python -m colorizer.publishing.model_card weights/           # the model card
python -m colorizer.publishing.model_repo owner/name         # weights to the Hub
python -m colorizer.publishing.space owner/space             # the page to a Space
python -m colorizer.publishing.export --format onnx -o FILE  # the network for other runtimes
"""

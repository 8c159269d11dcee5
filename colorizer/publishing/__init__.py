"""Gives the weights and the page to others: on the Hugging Face Hub, as a Space, for other runtimes.

model_card      colorizer card weights/
model_repo      colorizer publish owner/name
space           colorizer deploy owner/space
export          colorizer export --format onnx -o FILE
deploy_files    which files may go to a Space
secret_scan     refuses files that look like secrets
"""

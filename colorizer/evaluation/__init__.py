"""How good the colours are: figures against true colours, and pictures of them.

python -m colorizer.evaluation.evaluate FOLDER
"""

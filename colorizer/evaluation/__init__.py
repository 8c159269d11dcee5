"""How good the colours are: figures against true colours, and pictures of them.

colorizer evaluate FOLDER
"""

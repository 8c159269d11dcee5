"""How good the colours are: metrics against true colours, and pictures for people.

evaluate         colorizer evaluate FOLDER
metrics          PSNR, SSIM, CIEDE2000, colourfulness
contact_sheet    photos side by side, on one picture
plots            the training curve, samples, a comparison with a caption
"""

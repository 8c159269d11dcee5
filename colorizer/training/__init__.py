"""Training: photos in, weights out. `train.py` is the command.

config                      every option with its reason; loads nothing
photo_cache, prefetch       photos decoded once, crops cut ahead of time
augment, objective          the grey side of a pair, and the loss
perceptual, teacher         VGG16 in the loss (LPIPS), and the larger network to learn from
trainer                     the loop
"""

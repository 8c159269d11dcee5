"""Training: photos in, weights out. `train.py` is the command; `recipes/` has the stages of the weights.

option, config, recipe         every option with its reason and range; loads nothing
legacy_names                   older spellings of options
photo_cache, crops, prefetch   photos decoded once, crops cut ahead of time
shards                         photos by the million, in tar files
augment                        the grey side of a training pair
objective                      a training step; the parts of its loss are color_loss, distillation,
                               perceptual (LPIPS on vgg16) and adversarial; views are what is averaged
teacher, init_from_teacher     the larger network to learn from, and initial weights fitted to it
optimizer, schedule            the steps and their size
validation, weight_selection   how good the weights are, and which to keep
calibration                    the largest inputs of their convolutions, for 8-bit integers
checkpoint, history            what a run writes; run_record is for the model card
assemble, trainer              all of it built from the configuration, and the loop
distribute                     the loop on several devices or machines
"""

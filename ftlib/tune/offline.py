"""Downloads that fail, said plainly and soon."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ftlib.errors import OfflineError

EMBEDDED = "efficientnet_lite0"
_CLIENTS = {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "huggingface_hub", "urllib"}


@contextmanager
def downloading(name: str) -> Iterator[None]:
    """Whatever a failed download raises inside comes out as an OfflineError that names the embedded default.

    The hub's client retries for most of a minute, twice, before it gives up; where neither its host nor the
    proxy before it takes a connection, it is told to look in its cache alone.
    """
    from huggingface_hub import constants

    was = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = was or not _reachable(constants.ENDPOINT)
    try:
        yield
    except Exception as error:
        rooms = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
        if not isinstance(error, OSError) and not rooms & _CLIENTS:
            raise
        raise OfflineError(
            f"the weights of {name!r} could not be downloaded ({type(error).__name__}: {error}). "
            f"Without a network use load_backbone({EMBEDDED!r}), which is embedded; "
            "weights=None gives random weights, weights=PATH a file of your own."
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = was


def _reachable(url: str, seconds: float = 5.0) -> bool:
    """Whether the host, or the proxy on the way to it, takes a connection."""
    host, proxies = urlsplit(url).hostname, getproxies()
    proxy = None if proxy_bypass(host) else proxies.get("https") or proxies.get("all")
    door = urlsplit(proxy or url)
    try:
        socket.create_connection((door.hostname, door.port or 443), seconds).close()
    except OSError:
        return False
    return True

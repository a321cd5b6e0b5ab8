"""One setting for the Jupyter server that makes every widget answer sooner.

Jupyter's server leaves Nagle's algorithm on for the socket between kernel and page. While a slider moves
without pause, the second of two small messages then waits for the browser's acknowledgement of the first, which
may come 40 ms later. With the connection below it is sent at once. ``make lab`` starts the server with it::

    jupyter lab --ServerApp.kernel_websocket_connection_class=ftlib.jupyter.PromptConnection

benchmarks/results/explorers.md shows the difference. Nothing else of ftlib needs or imports this module.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The server's own connection, with Nagle's algorithm turned off (TCP_NODELAY)."""

    def connect(self):
        """Connect as ever, after telling the socket to send small messages at once."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

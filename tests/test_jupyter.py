"""The prompt connection: the real socket of a kernel's channel has Nagle's algorithm off."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from ftlib.jupyter import PromptConnection


def test_it_tells_the_socket_before_it_connects(monkeypatch):
    said = []
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection, "connect", lambda self: said.append("connect") or "future"
    )
    handler = type("Handler", (), {"set_nodelay": lambda self, value: said.append(("nodelay", value))})()
    connection = PromptConnection.__new__(PromptConnection)
    monkeypatch.setattr(PromptConnection, "websocket_handler", handler)
    assert connection.connect() == "future"
    assert said == [("nodelay", True), "connect"]

"""Servers that read the same body and answer a constant: what HTTP alone costs."""

ANSWER = (
    b'{"predictions":["<=50K"],"probabilities":[{"<=50K":0.9,">50K":0.1}],'
    b'"prediction_ids":["01ARZ3NDEKTSV4RRFFQ69G5FAV"],"model":{"name":"bench","version":1}}'
)

ASGI = f"""
import socket, sys
import uvicorn

ANSWER = {ANSWER!r}
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]

async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        continue
    await send({{"type": "http.response.start", "status": 200, "headers": HEADERS}})
    await send({{"type": "http.response.body", "body": ANSWER}})

listener = socket.socket(fileno=int(sys.argv[1]))
config = uvicorn.Config(app, loop="uvloop", http="httptools", lifespan="off", log_config=None,
                        access_log=False, server_header=False, date_header=False)
uvicorn.Server(config).run(sockets=[listener])
"""

BARE = f"""
import asyncio, socket, sys
import httptools, uvloop

ANSWER = {ANSWER!r}
WHOLE = (b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
         % len(ANSWER)) + ANSWER

class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.parser = transport, httptools.HttpRequestParser(self)
    def data_received(self, data):
        self.parser.feed_data(data)
    def on_url(self, url): pass
    def on_header(self, name, value): pass
    def on_body(self, body): pass
    def on_message_complete(self):
        self.transport.write(WHOLE)

async def main():
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = await asyncio.get_running_loop().create_server(Connection, sock=listener)
    await server.serve_forever()

uvloop.run(main())
"""

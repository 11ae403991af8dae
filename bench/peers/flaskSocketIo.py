"""Flask-SocketIO as its documentation has it: a message is emitted to a room. Prints its port, and ends with its input."""

import os
import socket
import sys
import threading
import time
import uuid

from flask import Flask
from flask_socketio import SocketIO, emit, join_room

app = Flask(__name__)
io = SocketIO(app)
count = 0


@io.on("join")
def join(room):
    join_room(room)
    emit("joined")


@io.on("send")
def send(data):
    global count
    count += 1
    author = {"id": "user_1", "displayName": "Ada"}
    message = {"id": str(uuid.uuid4()), "number": count, "text": data["text"], "author": author}
    emit("message", message, to=data["room"])


def end_with_input():
    sys.stdin.read()
    os._exit(0)


def tell_when_ready(port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            print(port, flush=True)
            return
        except OSError:
            time.sleep(0.05)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
threading.Thread(target=end_with_input, daemon=True).start()
threading.Thread(target=tell_when_ready, args=(port,), daemon=True).start()
io.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)

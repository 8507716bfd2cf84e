"""The benchmark API on FastWS, served by uvicorn with uvloop. Run as `python fastws_server.py --port P`."""

import argparse
import json
import socket

import uvicorn
from fastapi import Depends, FastAPI
from fastws import Client, FastWS, Message
from pydantic import BaseModel


class Params(BaseModel):
    symbol: str
    resolution: str


class Bar(BaseModel):
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    ts_ns: int
    levels: list[tuple[float, float]] | None = None


class Publication(Params, Bar):
    pass


class Echo(BaseModel):
    ts_ns: int


class Answer(BaseModel):
    status: str = "ok"
    topic: str | None = None
    result: Echo | None = None


service = FastWS(asyncapi_url=None, asyncapi_docs_url=None)
app = FastAPI()


def topic_of(params: Params) -> str:
    symbol, resolution = json.dumps(params.symbol), json.dumps(params.resolution)
    return f'bars:{{"resolution":{resolution},"symbol":{symbol}}}'


@service.send("bars.subscribe", reply="bars.subscribe.response")
async def subscribe(payload: Params, client: Client) -> Answer:
    topic = topic_of(payload)
    client.subscribe(topic)
    return Answer(topic=topic)


@service.send("bars.unsubscribe", reply="bars.unsubscribe.response")
async def unsubscribe(payload: Params, client: Client) -> Answer:
    topic = topic_of(payload)
    client.unsubscribe(topic)
    return Answer(topic=topic)


@service.send("echo", reply="echo.response")
async def echo(payload: Echo) -> Answer:
    return Answer(result=payload)


@service.recv("bars.update")
async def update(payload: Bar) -> Bar:
    return payload


@service.send("publish")
async def publish(payload: Publication):
    await broadcast(payload)


@app.post("/publish")
async def publish_over_http(payload: Publication):
    await broadcast(payload)
    return {}


async def broadcast(publication: Publication) -> None:
    bar = publication.model_dump(exclude={"symbol", "resolution"}, exclude_none=True)
    await service.server_send(Message(type="bars.update", payload=bar), topic=topic_of(publication))


@app.websocket("/ws")
async def serve(client: Client = Depends(service.manage)):
    await service.serve(client)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    listener = socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=2048)
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", ws_ping_interval=None, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])

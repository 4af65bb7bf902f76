# One image for every command: it serves unless told otherwise (`docker run IMAGE train` trains).
# What changes lies in the volume alone, so the rest can be read-only:
#   docker run --read-only --tmpfs /tmp --volume recsys:/var/lib/recsys \
#       --publish 127.0.0.1:8000:8000 IMAGE
FROM debian:trixie-slim AS python
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 python3 \
    && rm -rf /var/lib/apt/lists/*

FROM python AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_NO_DEPS=1 PIP_ONLY_BINARY=:all:
WORKDIR /src
# Two environments: the pip and the build backend that fill the other stay behind.
COPY requirements-install.lock requirements.lock ./
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-install.lock
RUN python3 -m venv --without-pip /opt/recsys \
    && /opt/build/bin/pip --python /opt/recsys install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY recsys recsys
COPY training training
COPY api api
RUN /opt/build/bin/pip wheel --no-build-isolation --wheel-dir /opt/wheel . \
    && /opt/build/bin/pip --python /opt/recsys install --no-index /opt/wheel/*.whl

FROM python
COPY --from=build /opt/recsys /opt/recsys
RUN groupadd --system --gid 10001 recsys \
    && useradd --system --uid 10001 --gid recsys --home-dir /var/lib/recsys recsys \
    && install --directory --owner recsys --group recsys /var/lib/recsys
ENV PATH=/opt/recsys/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Reached from outside the container only where its port is published.
ENV RECSYS_SERVING__HOST=0.0.0.0 RECSYS_SERVING__PORT=8000
WORKDIR /var/lib/recsys
USER 10001:10001
VOLUME /var/lib/recsys
EXPOSE 8000
# Alive, not ready: a service that waits for its first model needs no restart.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['RECSYS_SERVING__PORT'] + '/health/live', timeout=4)"]
ENTRYPOINT ["recsys"]
CMD ["serve"]

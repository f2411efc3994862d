# syntax=docker/dockerfile:1
#
# Python, the locked libraries and the product: no build tools, uid 65532, nothing ever written to the root.
# `make image` builds it, `make image-test` proves it; docs/image.md tells the rest.

# The official python:3.13-slim by the digest of its list of platforms, as public projects recorded it for 3.13.15.
# docs/image.md says how to renew it. Another BASE needs a Python of the versions in pyproject.toml, with venv.
ARG BASE=docker.io/library/python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

# hadolint ignore=DL3006
FROM ${BASE} AS build

# Bytecode that is checked against nothing has no time of its making in it.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=1
WORKDIR /src

# A site with a package index or an authority of its own hands them in as secrets: no layer keeps them.
COPY requirements/image.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca-certificates.crt,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv /tools \
    && /tools/bin/pip install --quiet --require-hashes --requirement requirements/image.txt

COPY requirements/runtime.txt requirements/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=secret,id=ca-certificates.crt,target=/etc/ssl/certs/ca-certificates.crt \
    /tools/bin/uv venv --quiet --python python3 /opt/zoho-tokend \
    && /tools/bin/uv pip install --quiet --python /opt/zoho-tokend --require-hashes --requirements requirements/runtime.txt

# The product alone: the simulator beside it in daemon/ is for the demo and the tests. uv notes when a wheel of one's own
# was made, and leaves a lock that anybody may write: neither goes on.
COPY pyproject.toml README.md ./
COPY daemon/zoho_tokend daemon/zoho_tokend
ARG SOURCE_DATE_EPOCH=0
RUN /tools/bin/hatchling build --target wheel --directory /wheel \
    && /tools/bin/uv pip install --quiet --python /opt/zoho-tokend --no-index --find-links /wheel --no-deps zoho-tokend \
    && sed -i '/uv_cache.json/d' /opt/zoho-tokend/lib/python3*/site-packages/zoho_tokend-*.dist-info/RECORD \
    && rm /opt/zoho-tokend/lib/python3*/site-packages/zoho_tokend-*.dist-info/uv_cache.json /opt/zoho-tokend/.lock

# hadolint ignore=DL3006
FROM ${BASE}

# The base brings an installer of its own, which nothing here may use.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip*
COPY --from=build /opt/zoho-tokend /opt/zoho-tokend

ENV PATH=/opt/zoho-tokend/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["zoho-tokend", "healthcheck"]
ENTRYPOINT ["zoho-tokend"]
CMD ["run"]

ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="zoho-tokend" \
      org.opencontainers.image.description="Keeps Zoho CRM access tokens fresh in HashiCorp Vault or OpenBao" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

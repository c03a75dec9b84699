# The connector alone: without the local Rockset and preview.
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
ARG PROFILE=dist
WORKDIR /build
# .ci/docker-context checks that the connector builds with these files and no others.
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches benches
COPY build build
COPY openapi openapi
COPY proto proto
COPY src src
# Built dependencies stay in the cache. The connector itself is always built: cargo goes by the
# times of files, and those of another checkout may be older than what the cache holds.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    touch build.rs src/lib.rs src/main.rs \
    && cargo build --locked --profile "${PROFILE}" --no-default-features \
    && cp "target/${PROFILE}/materialize-rockset" /materialize-rockset

FROM ${RUNTIME_IMAGE}
ARG REVISION=unknown
LABEL FLOW_RUNTIME_PROTOCOL=materialize
LABEL FLOW_RUNTIME_CODEC=proto
LABEL org.opencontainers.image.title=materialize-rockset
LABEL org.opencontainers.image.licenses="Apache-2.0 OR MIT"
LABEL org.opencontainers.image.version=v3
LABEL org.opencontainers.image.revision="${REVISION}"
COPY --from=build /materialize-rockset /materialize-rockset
USER 65532:65532
ENTRYPOINT ["/materialize-rockset"]

# The connector alone: without the local Rockset and preview.
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY build build
COPY openapi openapi
COPY proto proto
COPY src src
RUN cargo build --locked --profile dist --no-default-features

FROM ${RUNTIME_IMAGE}
LABEL FLOW_RUNTIME_PROTOCOL=materialize
LABEL FLOW_RUNTIME_CODEC=proto
LABEL org.opencontainers.image.title=materialize-rockset
LABEL org.opencontainers.image.licenses="Apache-2.0 OR MIT"
COPY --from=build /build/target/dist/materialize-rockset /materialize-rockset
USER 65532:65532
ENTRYPOINT ["/materialize-rockset"]

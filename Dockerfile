# edgeauth as an image of one static binary. internal/image builds the same file set in a test, without Docker.
#
#   docker build --build-arg VERSION=1.2.3 -t edgeauth .
#   docker run -p 80:80 -p 443:443 -v ./config.yaml:/etc/edgeauth/config.yaml:ro -v edgeauth:/var/lib/edgeauth edgeauth

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/edgeauth ./cmd/edgeauth
RUN mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY deploy/image/passwd deploy/image/group /etc/
COPY --from=build --chown=65532:65532 /out/data /var/lib/edgeauth
COPY --from=build /out/edgeauth /edgeauth
# What the licences of the data in the binary ask to be said beside it.
COPY geo/internal/zone/table/NOTICE.txt /licenses/time-zone-table.txt
COPY internal/demo/places/NOTICE.txt /licenses/demo-places.txt
# By number, so that an orchestrator can tell that it is not root.
USER 65532:65532
EXPOSE 80 443
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/edgeauth", "healthcheck", "--config", "/etc/edgeauth/config.yaml"]
ENTRYPOINT ["/edgeauth"]
CMD ["run", "--config", "/etc/edgeauth/config.yaml"]

#!/usr/bin/env bash
# Writes again what is made from proto/: the .proto files of others, the Go code and the OpenAPI description of the governance API.
# With a folder as argument it writes there instead, from a copy of proto/ in it. It asks no registry but the Go module proxy, and
# that for tools/go.mod alone.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${EDGEAUTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edgeauth}
target=$(cd "${1:-.}" && pwd)

mkdir -p "$cache/bin" "$target/admin/edgeauthv1" "$target/docs"
go -C tools build -o "$cache/bin/" github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go \
  google.golang.org/grpc/cmd/protoc-gen-go-grpc github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway \
  github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2
go -C tools run ./protovendor "$target/proto/vendor"
cd "$target/proto"
PATH=$cache/bin:$PATH buf generate

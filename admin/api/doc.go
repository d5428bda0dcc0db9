// Package api is the governance API: sessions looked at and ended, levels raised, events followed, decisions explained, over gRPC and,
// from the same .proto, over REST. It owns who may call what, the checks of every request, limits, and the audit record of each call. It
// must not know configuration, stores, or how any of it is carried out: the session index, the log and the explainer are handed in.
//
// Both forms go through one guard (guard.go): REST is the gateway of grpc-gateway in front of the same service, in this process.
package api

//go:generate ../../scripts/proto.sh

// Package wire is the edge's side of its connections: it serves an http.Server so that what net/http answers by itself,
// before any handler has seen a request, carries `Cache-Control: no-store` like everything else that the edge makes.
//
// These are the answers to what is no request that a handler could be given: 400, 417, 431, 501 and 505 of HTTP/1, and
// 400 for plain HTTP on a TLS listener. HTTP/2 writes its own 400 (fields that belong to a connection, RFC 9113, 8.2.2)
// and 431 from within, where nothing can be added; neither may be stored without leave (RFC 9110, 15.1).
//
// The package must not know what is served.
package wire

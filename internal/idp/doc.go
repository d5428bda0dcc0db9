// Package idp is FOP, a complete OpenID provider (OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0,
// Back-Channel Logout 1.0, PKCE, RFC 9207, step-up as RFC 9470 wants it) that can also lie. `edgeauth demo` runs it with
// its pages; tests run it as the identity provider that answers wrongly in whatever way a case needs (Lies).
//
// It owns its users, clients, keys, sessions and grants, all in memory. It must know nothing of edgeauth: it is written
// from the specifications alone, with its own small JOSE, so that a mistake on one side is not repeated on the other.
// It is no provider for production: passwords are kept as they are and nothing slows down guessing.
package idp

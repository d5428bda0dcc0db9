// Package tokens owns what becomes of the provider's tokens while a session lives: it hands out access tokens that are fresh
// enough to be sent, redeems refresh tokens, and ends the sessions that the provider no longer vouches for.
//
// A refresh token may be redeemed once. Providers that see it twice take it for stolen and end the session (RFC 9700,
// 4.14.2), and a fleet of edges whose requests all find the same token expired is the surest way to get there. So a session's
// tokens are refreshed in one flight: within an edge all who need them share it; between edges a lease in the store, renewed
// while the flight goes on, lets one redeem while the others wait for the record that it writes. The lease is a courtesy. What is
// written replaces the record that the flight began with and no other, and records are numbered: a holder that slept, or that comes
// after a logout, changes nothing.
//
// Only the provider's clear refusal (invalid_grant) ends a session, and only after the vault was read once more: another
// edge may have been faster. An outage of provider or store, a mistake in the configuration or an answer that makes no sense
// leave the session what it is.
//
// The package knows neither HTTP nor which store, and issues no cookie.
package tokens

// Package login is what a browser and an identity provider meet under /.edgeauth/: login, callback, logout, back-channel
// logout and "who am I". It owns the order of the checks, the state of a login in flight, the return URL and the minting
// of sessions. Whether someone may see a page is not its business (policy and proxy), nor how tokens are verified (oidc)
// or where shared state lies (store): what it needs of those it declares as small interfaces.
//
// Nothing is kept in the process: a login in flight lives in its state parameter and one cookie, so any edge finishes
// what another began, and a restart in between loses nothing.
package login

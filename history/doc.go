// Package history remembers when and from where each subject was seen, for 180 days: the last 50 logins that proved what was
// asked for, and the last 50 other sightings. It remembers when an authenticator was enrolled in the midst of a step-up. It
// owns what a sighting looks like at rest: its encoding, its seal,
// and the keyed hashes of networks and devices in it. It knows no HTTP, no session and no particular store, and decides
// nothing; policy does.
//
// Who reads the store learns neither whose a history is nor what it says: names and seals hang on a pepper that only the
// edges have. Who can write to the store can remove a history or put back an older one, but cannot make one up.
//
// The pepper does not rotate: with another one every history is empty. A process without one keeps no history and says so by
// ErrNoPepper; that is not an empty history. Enrolment marks need no pepper.
package history

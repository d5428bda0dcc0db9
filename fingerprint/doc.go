// Package fingerprint tells what program a client is: by the TLS hello that it sent, by what it calls itself
// (User-Agent and client hints), and by where these do not fit each other. All of it can be forged with effort, so that it
// may raise a requirement and never lower one. It knows nothing of sessions, of what is usual for whom, or of what
// follows from its answer.
package fingerprint
